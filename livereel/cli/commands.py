"""The commands: results to stdout, logs to stderr; exit 0 done, 1 failed, 2 wrong usage.

Each command imports what it runs when it is run: ``--help`` and completion need none of it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

import livereel
from base.loading import loading
from livereel.cli.parameters import (
    BaseUrlOption,
    CameraOption,
    ConfigArgument,
    ConfigOption,
    DataOption,
    DescribeOption,
    ExplainOption,
    ExportOption,
    FolderOption,
    HostOption,
    IgnoreOption,
    ModelOption,
    NoWebOption,
    OutIfAnyOption,
    OutOption,
    PortOption,
    ProfileOption,
    ReelNameOption,
    RegionOption,
    SecondsOption,
    SinceOption,
    SourceArgument,
    command,
    no_configuration,
    one_config,
    path_of,
)
from livereel.cli.recap.options import (
    ChaptersOption,
    FromOption,
    LengthOption,
    SingleFileOption,
    SourcesArgument,
    StampOption,
    StyleOption,
    ToOption,
)

# Plain text: rich's tables cut the names of options on a narrow terminal.
app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@command(app, "livereel scan match.mp4", "livereel scan rtsp://10.0.0.5/stream1 --json")
def scan(
    source: SourceArgument,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each window.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            parser=path_of,
            metavar="FILE.html",
            help="Draw the signal and its peaks as a page.",
            show_default="no page",
        ),
    ] = None,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="Play a file no faster than it was taken, as watch does.")
    ] = False,
    config: ConfigOption = None,
    region: RegionOption = None,
    ignore: IgnoreOption = None,
) -> None:
    """Find a source's keyframes: print a line for each window."""
    with loading():
        from livereel.cli.scan import scan as run
        from livereel.config.options import read_options

    options = read_options(config, region or [], ignore or [])
    run(source, options, as_json=as_json, plot=plot, realtime=realtime)


@command(
    app,
    "livereel recap half1.mp4 half2.mp4 --out match-reel --length 1m30s",
    "livereel recap match.mp4 --out match-reel --describe openai --base-url http://gpu-box:8000/v1",
)
def recap(
    sources: SourcesArgument,
    *,
    out: OutOption,
    length: LengthOption = None,
    chapters: ChaptersOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    single_file: SingleFileOption = False,
    stamp: StampOption = False,
    export: ExportOption = None,
    describe: DescribeOption = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    profile: ProfileOption = None,
    style: StyleOption = None,
    config: ConfigOption = None,
    region: RegionOption = None,
    ignore: IgnoreOption = None,
) -> None:
    """Make one highlight reel of whole files, with its story.

    The reel's folder may be one of an object store: s3://BUCKET/FOLDER.
    """
    with loading():
        from livereel.cli.recap.command import recap as run
        from livereel.cli.recap.command import recap_to_store
        from livereel.config.options import read_options
        from livereel.once.request import read_request
        from stream.address import is_stored

    request = read_request(sources, Path(out), length, from_, to, single_file=single_file)
    options = read_options(config, region or [], ignore or []).with_style(style)
    options = options.with_reel(request.length_s, chapters, stamp=stamp)
    options = replace(options, exports=tuple(export or ()))
    options = options.with_describer(describe, model, base_url, profile)
    if is_stored(out):
        recap_to_store(request, out, options)
    else:
        run(request, options)


@command(
    app,
    "livereel watch rtsp://user:password@10.0.0.5/stream1 --data front",
    "livereel watch rtsp://10.0.0.5/stream1 rtsp://10.0.0.6/stream1 --seconds 3600",
    brief=False,
)
def watch(
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE", help="Addresses of cameras.", callback=no_configuration)
    ],
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
    host: HostOption = None,
    port: PortOption = None,
    no_web: NoWebOption = False,
) -> None:
    """Watch cameras live and keep their reels rolling.

    No configuration file is needed. Files are played at the speed at which they were taken.
    """
    from livereel.app import watch as run
    from livereel.camera.names import name_cameras
    from livereel.config.options import read_options

    options = read_options(config, region or [], ignore or [])
    options = options.with_describer(describe, model, base_url, profile)
    options = options.with_web(host, port, serve=not no_web)
    run(name_cameras(sources, loop=loop), data or options.config.data, options, seconds)


@command(app, "livereel run config.yaml", "livereel run config.yaml --log-format json", brief=False)
def run(
    path: ConfigArgument = None,
    *,
    config: ConfigOption = None,
    seconds: SecondsOption = None,
    host: HostOption = None,
    port: PortOption = None,
    no_web: NoWebOption = False,
) -> None:
    """Watch the cameras of a configuration file live."""
    from livereel.app import watch as run
    from livereel.config.options import read_options
    from livereel.config.schema import ConfigError

    file = one_config(path, config)
    options = read_options(file, [], []).with_web(host, port, serve=not no_web)
    if not options.config.cameras:
        raise ConfigError(f"{file}: cameras: there are none (livereel init home.yaml writes a file with one)")
    run(options.config.cameras, options.config.data, options, seconds)


@command(app, "livereel init", "livereel init home.yaml --source rtsp://10.0.0.5/main --name front --yes")
def init(
    path: Annotated[
        Path, typer.Argument(parser=path_of, metavar="PATH", help="The new file; it must not exist yet.")
    ] = Path("config.yaml"),
    *,
    source: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="The first camera: address or file.", show_default="asked for"),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What the camera is called.", show_default="from its address"),
    ] = None,
    mqtt_host: Annotated[
        str | None, typer.Option(metavar="HOST", help="The MQTT broker.", show_default="none")
    ] = None,
    data: DataOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take the defaults.")] = False,
) -> None:
    """Write a configuration with its first camera.

    Asks for what no option says; overwrites nothing.
    """
    from livereel.cli.init import Answers
    from livereel.cli.init import init as run

    run(path, Answers(source, name, mqtt_host, data), ask=not yes)


@command(app, "livereel check", "livereel check cameras.yaml --snapshot pictures")
def check(
    path: ConfigArgument = None,
    *,
    config: ConfigOption = None,
    snapshot: Annotated[
        Path | None,
        typer.Option(
            parser=path_of,
            metavar="DIR",
            help="Write a picture of each camera there, its regions drawn.",
            show_default="none",
        ),
    ] = None,
    notify: Annotated[
        bool, typer.Option("--notify", help="Send a test to each notification service.")
    ] = False,
) -> None:
    """Try all that a configuration names: each is ok, or why not.

    Cameras, model, broker, disk, pages and notification services.
    """
    from livereel.cli.check import check as run
    from livereel.config.options import read_options

    options = read_options(one_config(path, config), [], [])
    raise typer.Exit(0 if run(options, snapshot, notify=notify) else 1)


@command(app, 'livereel ledger --since "2h ago"', "livereel ledger --data front --since yesterday --json")
def ledger(
    *,
    data: FolderOption = Path("livereel-data"),
    since: SinceOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each line.")] = False,
) -> None:
    """Print what happened: windows, gaps and reels in time order.

    Works while another livereel writes the data folder.
    """
    from livereel.cli.ledger import print_history

    print_history(data, since, as_json=as_json)


@command(
    app,
    "livereel reel --out evening --since 20:00",
    "livereel reel --explain --since 2h",
)
def reel(
    *,
    out: OutIfAnyOption = None,
    name: ReelNameOption = None,
    data: FolderOption = Path("livereel-data"),
    since: SinceOption = None,
    camera: CameraOption = None,
    export: ExportOption = None,
    explain: ExplainOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --explain: a JSON object for each moment.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Make a reel now of what was seen since TIME.

    With --out it works while another livereel writes the data folder. Otherwise --name says which reel of the
    data folder it continues.
    """
    from livereel.app import add_reel
    from livereel.config.options import read_options
    from livereel.config.schema import UsageError
    from livereel.reels.explain import ExplainAs
    from livereel.reels.now import ReelRequest, reel_now

    if as_json and not explain:
        raise UsageError("--json needs --explain")
    request = ReelRequest(since, tuple(camera or ()), name)
    options = replace(read_options(config, [], []), exports=tuple(export or ()))
    show = ExplainAs.JSON if as_json else ExplainAs.TABLE
    if out is None and export:
        raise UsageError("--out DIR is needed for --export")
    if out is not None or explain:
        reel_now(data, out, request, options, show if explain else None)
    elif name is None:
        raise UsageError("--out DIR is needed, or --name NAME, or --explain")
    else:
        add_reel(data, name, request, options)


@command(app, "livereel search car", "livereel search 'red car -truck' --camera front --since yesterday")
def search(
    text: Annotated[
        str,
        typer.Argument(metavar="TEXT", help='Words; "a phrase", car* for a prefix, -car to exclude.'),
    ] = "",
    *,
    data: FolderOption = Path("livereel-data"),
    since: SinceOption = None,
    camera: CameraOption = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="Only with this tag; repeatable.", show_default="any"),
    ] = None,
    min_importance: Annotated[float, typer.Option(min=0, max=10, metavar="N", help="At least this.")] = 0.0,
    alerts: Annotated[bool, typer.Option("--alerts", help="Only moments with an alert.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="The newest N.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each moment.")] = False,
) -> None:
    """Find moments by their words, newest first.

    Works while another process watches.
    """
    from livereel.cli.search import print_moments
    from sinks.archive import MomentQuery

    query = MomentQuery(
        text=text,
        cameras=tuple(camera or ()),
        tags=tuple(tag or ()),
        min_importance=min_importance,
        alerts_only=alerts,
        limit=limit,
    )
    print_moments(data, query, since, as_json=as_json)


@command(app, "livereel demo", "livereel demo --seconds 120 --data my-demo", brief=False)
def demo(
    *,
    seconds: Annotated[float, typer.Option(min=15, metavar="N", help="How long to watch.")] = 60.0,
    data: Annotated[
        Path, typer.Option(parser=path_of, metavar="DIR", help="Where clips and reels go.")
    ] = Path("livereel-demo"),
    host: HostOption = None,
    port: PortOption = None,
    no_web: NoWebOption = False,
) -> None:
    """Watch two synthetic cameras live, a street and a playing field."""
    from livereel.app import demo as run
    from livereel.config.options import read_options

    run(data, seconds, read_options(None, [], []).with_web(host, port, serve=not no_web))


@app.callback(invoke_without_command=True)
def livereel_alone(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)
    ] = False,
) -> None:
    """Watch live cameras and files, and keep a highlight reel with its story rolling.

    Each command has its own --help, with examples.
    """
    if version:
        typer.echo(livereel.__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)
