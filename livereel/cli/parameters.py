"""The arguments and options that several commands have, and those that all of them have."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand

from analyzer.describe.settings import DescribeKind
from analyzer.reel.settings import ExportFormat
from base.local_time import show_utc
from livereel.cli.log import LogFormat, LogLevel, start_log
from livereel.config.schema import UsageError
from stream.address import is_shortened

Callback = Callable[..., None]

Sources = TypeVar("Sources", str, list[str])


def path_of(text: str) -> Path:
    """Return the path that an option names; raise where it is empty, which would be the current folder."""
    if not text:
        raise typer.BadParameter("it is empty (is a variable of the shell not set?)")
    return Path(text)


def folder_of(text: str) -> str:
    """Return the folder that an option names, of this machine or of an object store, as it is written."""
    path_of(text)
    if is_shortened(text):
        raise typer.BadParameter(
            f"{text}: an object store's address has two slashes, as in s3://bucket/folder"
        )
    return text


def no_configuration(given: Sources) -> Sources:
    """Return the sources; raise UsageError where one is a configuration file, or empty."""
    for source in [given] if isinstance(given, str) else given:
        if not source:
            raise UsageError("SOURCE is empty (is a variable of the shell not set?)")
        if Path(source).suffix in {".yaml", ".yml"}:
            raise UsageError(
                f"{source}: a configuration, not a video: livereel run {source} watches its cameras"
            )
    return given


SourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A file, an address, or synthetic://street or synthetic://field.",
        callback=no_configuration,
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        parser=path_of,
        metavar="FILE",
        help="Options that differ from the defaults (YAML).",
        show_default="none",
    ),
]
ConfigArgument = Annotated[
    Path | None,
    typer.Argument(
        parser=path_of, metavar="CONFIG", help="The configuration file.", show_default="config.yaml"
    ),
]


def one_config(path: Path | None, option: Path | None) -> Path:
    """Return the file that an argument or ``--config`` names; raises UsageError where both do."""
    if path is not None and option is not None:
        raise UsageError("CONFIG and --config name the same thing: give one of them")
    return option or path or Path("config.yaml")


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
        "--data",
        parser=path_of,
        metavar="DIR",
        help="Where the ledger, clips and reels go.",
        show_default="livereel-data",
    ),
]
FolderOption = Annotated[Path, typer.Option("--data", parser=path_of, metavar="DIR", help="The data folder.")]
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
CameraOption = Annotated[
    list[str] | None,
    typer.Option(
        "--camera", metavar="NAME", help="Only this camera; repeatable.", show_default="all cameras"
    ),
]
_out = functools.partial(
    typer.Option,
    "--out",
    parser=folder_of,
    metavar="DIR",
    help="The reel's folder; it must not exist yet. May be s3://...",
)
OutOption = Annotated[str, _out()]
OutIfAnyOption = Annotated[str | None, _out(show_default="with --name, the next in the data folder")]
ReelNameOption = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="NAME",
        help="Make it as the configuration's reel of this name.",
        show_default="none",
    ),
]
ExplainOption = Annotated[
    bool,
    typer.Option("--explain", help="Print all moments: which are shown, and why."),
]
ExportOption = Annotated[
    list[ExportFormat] | None,
    typer.Option(
        metavar="FORMAT",
        help="For editors, too: otio, edl, csv (LosslessCut), zip (clips); repeatable.",
        show_default="none",
    ),
]

# Options of all commands, and their help

# A required argument in the usage line, and the type behind an argument's name.
_REQUIRED = re.compile(r"\{([A-Z]+)\}")
_TYPE = re.compile(r"^(  [A-Z]+)( <\S+>)", re.MULTILINE)

_Utc = Annotated[bool, typer.Option("--utc", help="Show and read times in UTC rather than local time.")]
_Level = Annotated[
    LogLevel | None, typer.Option("--log-level", help="The least that is logged.", show_default="info")
]
_Quiet = Annotated[bool, typer.Option("--quiet", help="Log only warnings and errors; show no progress.")]
_Format = Annotated[LogFormat, typer.Option("--log-format", help="json: an object a line, its time in UTC.")]


class _Command(TyperCommand):
    """A command whose help names arguments as the documents do: ``SOURCE``, not ``{SOURCE} <list[str]>``."""

    def get_help(self, ctx: Any) -> str:  # of a class that typer does not export
        """Return the help; columns stay where they are."""
        text = _REQUIRED.sub(r"\1", super().get_help(ctx))
        return _TYPE.sub(lambda found: found[1] + " " * len(found[2]), text)


def command(app: typer.Typer, *examples: str, brief: bool = True) -> Callable[[Callback], Callback]:
    """Register a command with its examples and the shared options.

    ``brief``: it does one thing and ends, so its log has no times.
    """
    epilog = "\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples)
    return lambda callback: app.command(cls=_Command, epilog=epilog)(
        _with_shared_options(callback, brief=brief)
    )


def _with_shared_options(callback: Callback, *, brief: bool) -> Callback:
    @functools.wraps(callback)
    def run(
        *, utc: bool, log_level: LogLevel | None, quiet: bool, log_format: LogFormat, **own: object
    ) -> None:
        if quiet and log_level is not None:
            raise UsageError("--quiet and --log-level: choose one")
        if utc:
            show_utc()
        start_log(LogLevel.warning if quiet else log_level or LogLevel.info, log_format, brief=brief)
        callback(**own)

    own = inspect.signature(callback, eval_str=True)
    shared = [
        _parameter("utc", _Utc, default=False),
        _parameter("log_level", _Level, default=None),
        _parameter("quiet", _Quiet, default=False),
        _parameter("log_format", _Format, default=LogFormat.text),
    ]
    signature = own.replace(parameters=[*own.parameters.values(), *shared])
    run.__signature__ = signature  # type: ignore[attr-defined]  # what typer reads
    run.__annotations__ = {name: it.annotation for name, it in signature.parameters.items()}
    return run


def _parameter(name: str, annotation: Any, *, default: object) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
