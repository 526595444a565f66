"""Expected failures: each explained in one line, with the exit code of a command that fails by it."""

from __future__ import annotations

import errno

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
