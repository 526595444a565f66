"""A bar as the front end shows it, and none where none is asked for."""

from __future__ import annotations

import pytest

import livereel.api.progress as shown
from livereel.once.progress import no_progress, terminal_progress


def test_outside_of_a_kernel_the_terminal_decides() -> None:
    assert not shown.in_kernel()
    assert shown.shown_progress(show=True) is terminal_progress
    assert shown.shown_progress(show=False) is no_progress
    assert shown.shown_progress(show=shown.notebook_progress) is shown.notebook_progress


@pytest.mark.parametrize("known", [True, False])
def test_a_notebooks_bar_says_what_goes_on_and_how_far(
    capsys: pytest.CaptureFixture[str], *, known: bool
) -> None:
    with shown.notebook_progress("watching", known=known) as advance:
        for done in (0.0, 0.5, 1.5):
            advance(done)
    written = capsys.readouterr().out
    assert "watching" in written
    assert ("%" in written) == known


def test_nothing_is_shown_where_none_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with shown.shown_progress(show=False)("watching") as advance:
        advance(0.5)
    assert capsys.readouterr() == ("", "")
