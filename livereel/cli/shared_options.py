"""What every command has: examples in its help, ``--utc``, and how much is logged and how."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from inspect import Parameter
from typing import Annotated, Any

import typer

from base.local_time import show_utc
from livereel.cli.log import LogFormat, LogLevel, start_log
from livereel.config.schema import UsageError

Callback = Callable[..., None]


_Utc = Annotated[bool, typer.Option("--utc", help="Show and read times in UTC rather than local time.")]
_Level = Annotated[
    LogLevel | None, typer.Option("--log-level", help="The least that is logged.", show_default="info")
]
_Quiet = Annotated[bool, typer.Option("--quiet", help="Log only warnings and errors; show no progress.")]
_Format = Annotated[LogFormat, typer.Option("--log-format", help="json: an object a line, its time in UTC.")]


def command(app: typer.Typer, *examples: str, brief: bool = True) -> Callable[[Callback], Callback]:
    """Register a command with its examples and the shared options.

    ``brief``: it does one thing and ends, so its log has no times.
    """
    epilog = "\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples)
    return lambda callback: app.command(epilog=epilog)(_with_shared_options(callback, brief=brief))


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
