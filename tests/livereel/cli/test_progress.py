"""Progress: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import io

import pytest

from livereel.cli.progress import progress


class Terminal(io.StringIO):
    """A terminal that remembers what it showed."""

    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("watching") as advance:
        advance(0.5)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("known", [True, False])
def test_a_terminal_shows_a_bar_and_clears_it(monkeypatch: pytest.MonkeyPatch, *, known: bool) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress("watching", known=known) as advance:
        for done in (0.0, 0.5, 1.0, 1.5):
            advance(done)
    shown = terminal.getvalue()
    assert "watching" in shown
    assert shown.rstrip().endswith("\x1b[2K"), "the bar is gone in the end"


def test_a_failure_inside_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", Terminal())
    with pytest.raises(KeyError), progress("watching"):
        raise KeyError


def test_where_notes_are_not_wanted_there_is_no_bar(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    caplog.set_level("WARNING", "livereel")
    with progress("watching") as advance:
        advance(0.5)
    assert terminal.getvalue() == ""
