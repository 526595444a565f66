"""The program's entry point."""

from __future__ import annotations

import gc
import sys

from base.loading import loading


def main() -> None:
    """Run the program and exit; see ``program.run``."""
    with loading():
        from livereel.cli.commands import app  # noqa: PLC0415  # it takes longest of all
        from livereel.cli.program import run  # noqa: PLC0415  # as above

    code = run(app)
    gc.freeze()  # the interpreter would search all objects for garbage: seconds on a busy machine
    sys.exit(code)


if __name__ == "__main__":
    main()
