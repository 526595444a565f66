"""What the program's tests share."""

from __future__ import annotations

import pytest

from tests.kit.program.command_line import CommandLine


@pytest.fixture
def livereel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """``livereel``, to be called with its arguments."""
    return CommandLine(monkeypatch, capsys)
