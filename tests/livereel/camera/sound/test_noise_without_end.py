"""Noise that goes on in the dark, and one crash in it; ``bench/hours.py`` scans whole hours of more kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

import livereel
from tests.kit.sound.hour import film

pytestmark = pytest.mark.slow

MINUTES = 8
CRASH_S = 274.56


@pytest.mark.parametrize("kind", ["turning", "crowd"])
def test_one_crash_is_the_only_active_window(tmp_path: Path, kind: str) -> None:
    """A fan that turns from side to side, and a crowd that murmurs, are floor."""
    scanned = livereel.scan(film(tmp_path / "dark.mov", kind, MINUTES, CRASH_S))
    windows = [seen.window for seen in scanned.windows]
    assert len(windows) == 6 * MINUTES
    (active,) = [window for window in windows if not window.quiet]
    assert active.sound is not None
    (peak,) = active.sound.peaks
    assert (active.index, peak.kind) == (27, "loud")
    assert peak.pts_s == pytest.approx(CRASH_S, abs=0.02)
