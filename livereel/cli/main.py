"""The program's entry point."""

from __future__ import annotations

import gc
import sys

from base.loading import loading
from livereel.cli.interrupt import Interrupts


def main() -> None:
    """Run the program and exit; see ``program.run``."""
    interrupts = Interrupts()
    interrupts.end_at_once()
    with loading():
        from livereel.cli.commands import app  # noqa: PLC0415  # it takes longest of all
        from livereel.cli.program import run  # noqa: PLC0415  # as above

    try:
        code = run(app, interrupts)
    except KeyboardInterrupt:  # after the command has ended
        code = interrupts.stopped()
    interrupts.end_at_once(code, b"")
    gc.freeze()  # the interpreter would search all objects for garbage: seconds on a busy machine
    sys.exit(code)


if __name__ == "__main__":
    main()
