"""The command line: results to stdout, logs to stderr; exit 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import os
import signal
import sys
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

import livereel
from livereel.cli.log import log_to_stderr

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Watches live cameras and files and keeps a highlight reel with its story rolling.",
)

SourceArgument = Annotated[
    str,
    typer.Argument(metavar="SOURCE", help="A file, an address, or synthetic://street or synthetic://field."),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Options that differ from the defaults (YAML)."),
]
RegionOption = Annotated[
    list[str] | None,
    typer.Option("--region", metavar="X,Y,W,H", help="Look only here (pixels of the picture as shown)."),
]
IgnoreOption = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="X,Y,W,H", help="Never look here (pixels of the picture as shown)."),
]
DataOption = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Where the ledger, clips and reels go.")
]
FolderOption = Annotated[Path, typer.Option("--data", metavar="DIR", help="The data folder.")]
SecondsOption = Annotated[float | None, typer.Option(min=1, help="Stop after so long.")]
SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="From then on: 2026-01-31T14:00, 14:00 (local time) or 90m, 2h, 3d ago."
    ),
]


class Style(StrEnum):
    """What a reel shows."""

    clips = "clips"
    keyframes = "keyframes"


class DescriberKind(StrEnum):
    """Who puts windows into words."""

    builtin = "builtin"
    vllm = "vllm"
    openai = "openai"


DescribeOption = Annotated[DescriberKind | None, typer.Option(help="Who puts windows into words.")]
ModelOption = Annotated[str | None, typer.Option(metavar="NAME", help="The model's name or folder.")]
BaseUrlOption = Annotated[str | None, typer.Option(metavar="URL", help="The server, up to and with /v1.")]
ProfileOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="surveillance, movie, sports, wildlife, meeting or own."),
]


@app.command()
def scan(
    source: SourceArgument,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each window.")] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Draw the signal and its peaks as a page.")
    ] = None,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="Play a file no faster than it was taken, as watch does.")
    ] = False,
    config: ConfigOption = None,
    region: RegionOption = None,
    ignore: IgnoreOption = None,
) -> None:
    """Find a source's keyframes: a line for each window, nothing written."""
    from livereel.cli.scan import scan as run  # noqa: PLC0415
    from livereel.config.options import read_options  # noqa: PLC0415  # --help needs none of it

    options = read_options(config, region or [], ignore or [])
    run(source, options, as_json=as_json, plot=plot, realtime=realtime)


@app.command()
def recap(
    source: SourceArgument,
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The reel's folder; it must not exist yet.")],
    describe: DescribeOption = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    profile: ProfileOption = None,
    style: Annotated[Style | None, typer.Option(help="Moving pictures, or a slideshow of the peaks.")] = None,
    config: ConfigOption = None,
    region: RegionOption = None,
    ignore: IgnoreOption = None,
) -> None:
    """Make the highlight reel of a whole file, with its story, as fast as it goes."""
    from livereel.cli.recap import recap as run  # noqa: PLC0415
    from livereel.config.options import read_options  # noqa: PLC0415  # --help needs none of it

    options = read_options(config, region or [], ignore or []).with_style(style.value if style else None)
    run(source, out, options.with_words(describe.value if describe else None, model, base_url, profile))


@app.command()
def watch(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Addresses of cameras.")],
    *,
    data: DataOption = None,
    seconds: SecondsOption = None,
    describe: DescribeOption = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    profile: ProfileOption = None,
    loop: Annotated[bool, typer.Option(help="Files start over when they end.")] = False,
    config: ConfigOption = None,
    region: RegionOption = None,
    ignore: IgnoreOption = None,
) -> None:
    """Watch cameras live and keep their reels rolling, with no configuration file needed.

    Files are played at the speed at which they were taken.
    """
    from livereel.app import name_cameras  # noqa: PLC0415  # --help needs none of it
    from livereel.app import watch as run  # noqa: PLC0415
    from livereel.config.options import read_options  # noqa: PLC0415

    log_to_stderr()
    options = read_options(config, region or [], ignore or [])
    options = options.with_words(describe.value if describe else None, model, base_url, profile)
    run(name_cameras(sources, loop=loop), data or options.config.data, options, seconds)


@app.command()
def run(
    config: Annotated[Path, typer.Argument(metavar="CONFIG")] = Path("config.yaml"),
    *,
    seconds: SecondsOption = None,
) -> None:
    """Watch the cameras of a configuration file live."""
    from livereel.app import watch as run  # noqa: PLC0415  # --help needs none of it
    from livereel.config.options import read_options  # noqa: PLC0415
    from livereel.config.schema import ConfigError  # noqa: PLC0415

    log_to_stderr()
    options = read_options(config, [], [])
    if not options.config.cameras:
        raise ConfigError(f"{config}: cameras: there are none")
    run(options.config.cameras, options.config.data, options, seconds)


@app.command()
def check(
    config: Annotated[Path, typer.Argument(metavar="CONFIG")] = Path("config.yaml"),
) -> None:
    """Try what a configuration names: cameras, model, broker and disk; each ok, or why not."""
    from livereel.cli.check import check as run  # noqa: PLC0415  # --help needs none of it
    from livereel.config.options import read_options  # noqa: PLC0415

    raise typer.Exit(0 if run(read_options(config, [], [])) else 1)


@app.command()
def ledger(
    *,
    data: FolderOption = Path("livereel-data"),
    since: SinceOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each line.")] = False,
) -> None:
    """Tell what happened, in time order: windows, gaps and reels. Works beside a running instance."""
    from livereel.cli.ledger import print_history  # noqa: PLC0415  # --help needs none of it

    print_history(data, since, as_json=as_json)


@app.command()
def reel(
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The reel's folder; it must not exist yet.")],
    data: FolderOption = Path("livereel-data"),
    since: SinceOption = None,
    camera: Annotated[list[str] | None, typer.Option(help="Only this camera; repeatable.")] = None,
    config: ConfigOption = None,
) -> None:
    """Make a reel now of what was seen since TIME. Works beside a running instance."""
    from livereel.app import reel_now  # noqa: PLC0415  # --help needs none of it
    from livereel.config.options import read_options  # noqa: PLC0415

    reel_now(data, out, since, camera or [], read_options(config, [], []))


@app.command()
def demo(
    *,
    seconds: Annotated[float, typer.Option(min=15, help="How long to watch.")] = 60.0,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Where clips and reels go.")] = Path(
        "livereel-demo"
    ),
) -> None:
    """Watch two drawn cameras live, a street and a playing field, and keep a reel rolling."""
    from livereel.app import demo as run  # noqa: PLC0415  # --help needs none of it
    from livereel.config.options import read_options  # noqa: PLC0415

    log_to_stderr()
    run(data, seconds, read_options(None, [], []))


@app.callback(invoke_without_command=True)
def version(
    *,
    show: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)
    ] = False,
) -> None:
    """livereel: watch less, miss nothing."""  # the program's name
    if show:
        typer.echo(livereel.__version__)
        raise typer.Exit


def _end_as_ctrl_c_does() -> None:
    """Let nothing half-written stay behind when the program is told to end, or its terminal is closed."""

    def interrupt(_number: int, frame: FrameType | None) -> None:
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            handler(signal.SIGINT, frame)
        else:
            raise KeyboardInterrupt  # started in the background, where Ctrl-C is ignored

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)


def _discard_output() -> None:
    """Who reads our output has gone (``| head``): there is nobody to tell, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run() -> None:
    try:
        app()
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()


def main() -> None:
    """Run the program; every failure that can be expected is one line and exit code 1."""
    _end_as_ctrl_c_does()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # names of files are bytes
    try:
        _run()
    except BrokenPipeError:
        _discard_output()
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("livereel: stopped\n")
        sys.exit(130)
    except Exception as error:
        from livereel.cli.errors import EXPECTED, explain  # noqa: PLC0415
        from livereel.config.schema import UsageError  # noqa: PLC0415  # only who fails needs them

        if not isinstance(error, EXPECTED):
            raise
        sys.stderr.writelines(f"livereel: {line}\n" for line in explain(error).splitlines())
        sys.exit(2 if isinstance(error, UsageError) else 1)


if __name__ == "__main__":
    main()
