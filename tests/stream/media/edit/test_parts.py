"""Chapters of several parts: when they are copied, and what they are called; stamps."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.media.edit.join import Segment, join
from tests.kit.films.numbered import chapters_elsewhere, film


def test_a_copy_that_lasts_too_long_is_encoded_to_the_exact_times(tmp_path: Path) -> None:
    """Each segment begins at the key packet before its start: 0.4 s early, three times."""
    source = film(tmp_path / "film.mp4", seconds=8, gop=25)
    segments = [Segment(source, 1.4, 1.8), Segment(source, 3.4, 3.8), Segment(source, 5.4, 5.8)]
    out = tmp_path / "reel.mp4"
    assert join(segments, out, titles=["a", "b", "c"], max_copied_s=2.5).mode == "copy"
    joined = join(segments, out, titles=["a", "b", "c"], max_copied_s=2.0)
    assert joined.mode == "encode"
    assert joined.places[-1].reel_end_s == pytest.approx(1.2, abs=0.05)


def test_what_a_copy_would_show_twice_is_encoded(tmp_path: Path) -> None:
    """The second segment would begin at 2.0 s, which the first one shows."""
    source = film(tmp_path / "film.mp4", seconds=8, gop=50)
    out = tmp_path / "reel.mp4"
    joined = join([Segment(source, 0.0, 2.5), Segment(source, 2.8, 3.5)], out, titles=["a", "b"])
    assert joined.mode == "encode"
    assert joined.places[1].start_s == pytest.approx(2.8, abs=0.05)


@pytest.mark.parametrize("allow_copy", [True, False])
def test_a_segment_without_a_title_belongs_to_the_chapter_before(tmp_path: Path, *, allow_copy: bool) -> None:
    source = film(tmp_path / "film.mp4", seconds=8, gop=25)
    segments = [Segment(source, at_s, at_s + 1.0) for at_s in (0.0, 2.0, 4.0, 6.0)]
    out = tmp_path / "reel.mp4"
    joined = join(segments, out, titles=["a", None, None, "b"], allow_copy=allow_copy)
    ends_s = [place.reel_end_s for place in joined.places]
    found = chapters_elsewhere(out)
    assert [title for _, _, title in found] == ["a", "b"]
    assert [end_s for _, end_s, _ in found] == pytest.approx([ends_s[2], ends_s[3]], abs=2e-3)


def test_a_stamped_segment_is_encoded(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=4, gop=25)
    asked_s: list[float] = []

    def stamp(at_s: float) -> str:
        asked_s.append(at_s)
        return f"front  {at_s:.1f}"

    joined = join([Segment(source, 1.0, 2.0, stamp)], tmp_path / "reel.mp4", titles=["a"])
    assert joined.mode == "encode"
    assert asked_s == pytest.approx([1.0 + n / 25 for n in range(25)], abs=1e-3)
