"""The help of a command, without typer's notation for types of arguments."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand

# A required argument in the usage line, and the type behind an argument's name.
_REQUIRED = re.compile(r"\{([A-Z]+)\}")
_TYPE = re.compile(r"^(  [A-Z]+)( <\S+>)", re.MULTILINE)


class Command(TyperCommand):
    """A command whose help names arguments as the documents do: ``SOURCE``, not ``{SOURCE} <list[str]>``."""

    def get_help(self, ctx: Any) -> str:  # of a class that typer does not export
        """Return the help; columns stay where they are."""
        text = _REQUIRED.sub(r"\1", super().get_help(ctx))
        return _TYPE.sub(lambda found: found[1] + " " * len(found[2]), text)
