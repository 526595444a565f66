"""The arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analyzer.describe.settings import DescribeKind
from analyzer.reel.settings import ExportFormat

SourceArgument = Annotated[
    str,
    typer.Argument(metavar="SOURCE", help="A file, an address, or synthetic://street or synthetic://field."),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Options that differ from the defaults (YAML).", show_default="none"
    ),
]
RegionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        metavar="X,Y,W,H",
        help="Look only here (pixels of the picture as shown); repeatable.",
        show_default="the whole picture",
    ),
]
IgnoreOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="X,Y,W,H",
        help="Never look here (pixels of the picture as shown); repeatable.",
        show_default="nothing",
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Where the ledger, clips and reels go.", show_default="livereel-data"
    ),
]
FolderOption = Annotated[Path, typer.Option("--data", metavar="DIR", help="The data folder.")]
SecondsOption = Annotated[
    float | None, typer.Option(min=1, metavar="N", help="Stop after N seconds.", show_default="at Ctrl-C")
]
HostOption = Annotated[
    str | None,
    typer.Option("--host", metavar="ADDRESS", help="Where the pages are served.", show_default="127.0.0.1"),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        "--port", metavar="N", min=0, max=65535, help="Their port; 0: a free one.", show_default="8090"
    ),
]
NoWebOption = Annotated[bool, typer.Option("--no-web", help="Serve no pages.")]
SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="From then on: 2h, 10 minutes ago, yesterday, 8am, 20:00, 2026-01-31 14:00 (local time).",
        show_default="the beginning",
    ),
]


DescribeOption = Annotated[
    DescribeKind | None, typer.Option(help="What describes windows.", show_default="builtin")
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The model's name or folder.", show_default="the server's, or Qwen2-VL"
    ),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option(metavar="URL", help="The model's server, up to and with /v1.", show_default="OpenAI's"),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What matters: surveillance, movie, sports, wildlife, meeting or one of the configuration.",
        show_default="surveillance",
    ),
]
ExportOption = Annotated[
    list[ExportFormat] | None,
    typer.Option(
        metavar="FORMAT",
        help="For editors, too: otio, edl, csv (LosslessCut), zip (clips); repeatable.",
        show_default="none",
    ),
]
