"""Failures in one line."""

from __future__ import annotations

import errno
import os

import pytest

from livereel.config.schema import ConfigError
from livereel.errors import EXPECTED, explain
from stream.media.file import DiskFullError
from stream.source import SourceError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SourceError("a\nb.mp4", "no such file"), "a b.mp4: no such file"),
        (ConfigError("c.yaml:3: window_s:\n  too long"), "c.yaml:3: window_s: too long"),
        (FileExistsError("out exists already"), "out exists already"),
        (OSError(errno.EACCES, "Permission denied", "out"), "out: Permission denied"),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out/a.jpg"), "the disk is full: out/a.jpg"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "the disk is full"),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), "the disk is full"),
        (
            DiskFullError("cannot write out/reel.mp4: no space left"),
            "cannot write out/reel.mp4: no space left",
        ),
    ],
)
def test_an_expected_failure_is_one_line(error: Exception, said: str) -> None:
    assert isinstance(error, EXPECTED)
    assert explain(error) == said


def test_a_bug_is_not_expected() -> None:
    for bug in (KeyError("x"), ValueError("x"), AttributeError("x"), ExceptionGroup("x", [OSError()])):
        assert not isinstance(bug, EXPECTED)
