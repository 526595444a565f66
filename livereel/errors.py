"""Expected failures: each explained in one line, as an exit code or as the one error of the Python API."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from analyzer.describe.describer import DescribeError
from analyzer.reel.records import ReelError
from livereel.config.schema import ConfigError, UsageError
from livereel.ledger.records import LedgerError
from livereel.live.run_summary import UnwatchedError
from livereel.storage.data_dir import FolderInUseError
from sinks.sink import SinkError
from stream.media.file import MediaError
from stream.source import SourceError

EXPECTED = (
    ConfigError,
    SourceError,
    DescribeError,
    MediaError,
    ReelError,
    LedgerError,
    FolderInUseError,
    SinkError,
    UnwatchedError,
    OSError,
)


def exit_code(error: BaseException) -> int | None:
    """Return 2 for wrong usage, 1 for any other expected failure, None for a fault of the program."""
    if not isinstance(error, EXPECTED):
        return None
    return 2 if isinstance(error, UsageError) else 1


def explain(error: BaseException) -> str:
    """Return an expected failure as one line; mistakes in a configuration as a line each."""
    if isinstance(error, OSError) and error.errno is not None:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return "the disk is full" + (f": {error.filename}" if error.filename else "")
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    messages = error.mistakes if isinstance(error, ConfigError) else [str(error)]
    return "\n".join(" ".join(message.split()) for message in messages)


class LivereelError(Exception):
    """What the Python API raises where the command line would fail; the message is the same clear line.

    ``__cause__`` is the failure itself.
    """


@contextmanager
def explained() -> Iterator[None]:
    """Raise LivereelError for any failure that is expected."""
    try:
        yield
    except EXPECTED as error:
        raise LivereelError(explain(error)) from error
