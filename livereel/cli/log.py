"""Logging to stderr, without credentials."""

from __future__ import annotations

import logging
import re
import sys

# Everybody else speaks of what they do, request by request: only what they warn of is told.
OURS = ("stream", "analyzer", "sinks", "livereel")
# User and password of an address, however it got into a message or a traceback.
_CREDENTIALS = re.compile(r"(?<=://)[^\s/\"'<>]+@")


class _RedactingFormatter(logging.Formatter):
    """Leaves out who an address says that we are."""

    def format(self, record: logging.LogRecord) -> str:
        return _CREDENTIALS.sub("***@", super().format(record))


def log_to_stderr() -> None:
    """Begin to log; called once, by the commands that run for long."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_RedactingFormatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for package in OURS:
        logging.getLogger(package).setLevel(logging.INFO)
