"""The log on stderr, in the form that fits its reader, and without credentials."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import TextIO

from base.clock import utc_text
from base.local_time import local, zone

# Libraries log request by request: only their warnings are shown.
OURS = ("stream", "analyzer", "sinks", "livereel")
# User and password of an address, however it got into a message or a traceback.
_CREDENTIALS = re.compile(r"(?<=://)[^\s/\"'<>]+@")
# syslog's priorities, as sd-daemon(3) has them at the beginning of a line.
_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


class LogLevel(StrEnum):
    """The least that is logged."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


class LogFormat(StrEnum):
    """How a record is written."""

    text = "text"
    json = "json"


class _Formatter(logging.Formatter):
    """A record as text without credentials; subclasses add what comes before the message."""

    def format(self, record: logging.LogRecord) -> str:
        return _CREDENTIALS.sub("***@", self.text(record, super().format(record)))

    def text(self, record: logging.LogRecord, message: str) -> str:
        """``livereel: warning: MESSAGE``: of a command that does one thing and ends."""
        name = "note" if record.levelno == logging.INFO else record.levelname.lower()
        return f"livereel: {name}: {message}"


class _Terminal(_Formatter):
    def text(self, record: logging.LogRecord, message: str) -> str:
        at = local(_time(record))
        return f"{at:%H:%M:%S} {zone(at)} {record.levelname} {message}"


class _File(_Formatter):
    def text(self, record: logging.LogRecord, message: str) -> str:
        at = local(_time(record)).isoformat(timespec="milliseconds")
        return f"{at} {record.levelname} {message}"


class _Systemd(_Formatter):
    """The journal has the time; it takes each line as an entry of its own."""

    def text(self, record: logging.LogRecord, message: str) -> str:
        priority = _PRIORITIES.get(record.levelno, _PRIORITIES[logging.INFO])
        return "\n".join(f"<{priority}>{line}" for line in message.splitlines())


class _Json(_Formatter):
    def text(self, record: logging.LogRecord, message: str) -> str:
        row = {
            "time_utc": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        return json.dumps(row, ensure_ascii=False)


class _StderrHandler(logging.StreamHandler[TextIO]):
    """The handler of ``start_log``, to be found again."""


def start_log(level: LogLevel, style: LogFormat = LogFormat.text, *, brief: bool) -> None:
    """Log to stderr from now on, at this level for livereel and warnings for libraries.

    As text, a record has the local time with its zone on a terminal, the same in ISO 8601 elsewhere, and a
    syslog priority in place of the time where systemd's journal reads stderr. ``brief`` is for a command that
    does one thing and ends: its records are ``livereel: warning: MESSAGE``.
    """
    handler = _StderrHandler(sys.stderr)
    handler.setFormatter(_formatter(style, brief=brief))
    logging.root.handlers = [it for it in logging.root.handlers if not isinstance(it, _StderrHandler)]
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.WARNING)
    for package in OURS:
        logging.getLogger(package).setLevel(level.upper())


def write_failure(line: str) -> None:
    """Write the line with which a command fails: a record like the others where programs read the log."""
    formatters = [it.formatter for it in logging.root.handlers if isinstance(it, _StderrHandler)]
    if any(isinstance(formatter, _Systemd | _Json) for formatter in formatters):
        logging.getLogger("livereel").error("%s", line)
    else:
        sys.stderr.write(f"livereel: {line}\n")


def _formatter(style: LogFormat, *, brief: bool) -> _Formatter:
    if style == LogFormat.json:
        return _Json()
    if brief:
        return _Formatter()
    if sys.stderr.isatty():
        return _Terminal()
    return _Systemd() if _is_read_by_systemd(os.environ.get("JOURNAL_STREAM")) else _File()


def _is_read_by_systemd(stream: str | None) -> bool:
    """Whether stderr is what ``JOURNAL_STREAM`` names, DEVICE:INODE, rather than redirected elsewhere."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return stream == f"{status.st_dev}:{status.st_ino}"


def _time(record: logging.LogRecord) -> str:
    return utc_text(datetime.fromtimestamp(record.created, UTC))
