"""The options that ``recap`` alone has."""

from __future__ import annotations

from typing import Annotated

import typer

from analyzer.reel.settings import Style
from livereel.cli.parameters import no_configuration

SourcesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        help="Files, in order, or patterns of their names; or one address.",
        callback=no_configuration,
    ),
]
LengthOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="How long the reel may be: 60, 1m30s.",
        show_default="90 s, of a file at most a quarter",
    ),
]
ChaptersOption = Annotated[
    int | None, typer.Option(min=1, max=100, metavar="N", help="So many chapters.", show_default="7 to 10")
]
FromOption = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="TIME", help="Begin there in the files: 90, 1:30, 1h2m.", show_default="their start"
    ),
]
ToOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="End there in the files.", show_default="their end")
]
SingleFileOption = Annotated[
    bool, typer.Option("--single-file", help="Put the video into report.html (up to 50 MB).")
]
StampOption = Annotated[bool, typer.Option("--stamp", help="Write name and time into the picture.")]
StyleOption = Annotated[
    Style | None, typer.Option(help="Moving pictures, or a slideshow of the peaks.", show_default="clips")
]
