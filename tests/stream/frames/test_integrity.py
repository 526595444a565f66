"""Damage that passes, and damage that is all there is."""

from __future__ import annotations

import random

import pytest

from stream.frames.integrity import Integrity


def trusted(pictures: str, fps: int = 25) -> str:
    """``.`` for each picture that is shown, ``-`` for others; ``x`` are broken, ``K`` is a key picture."""
    integrity, found = Integrity(), ""
    for nth, picture in enumerate(pictures):
        integrity.add(nth / fps, complete=picture != "x", key=picture == "K")
        found += "." if picture != "x" and integrity.trusted else "-"
    return found


def test_whole_pictures_are_shown() -> None:
    assert trusted("K" + "." * 100) == "." * 101


def test_broken_pictures_in_between_hide_no_others() -> None:
    pictures = "K..x..xx...xxxxxxx.x.xxxx.xx....." * 3
    assert trusted(pictures) == "".join("-" if picture == "x" else "." for picture in pictures)


@pytest.mark.parametrize("fps", [5, 10, 25, 60])
@pytest.mark.parametrize("share", [0.12, 0.3])
def test_a_lossy_stream_is_shown_as_far_as_can_be(share: float, fps: int) -> None:
    rng = random.Random(5)  # noqa: S311  # no secret hangs on it
    pictures = "K" + "".join(
        "x" if rng.random() < share else "K" if nth % fps == 0 else "." for nth in range(60 * fps)
    )
    shown = trusted(pictures, fps).count(".")
    assert shown >= 0.9 * (len(pictures) - pictures.count("x"))


@pytest.mark.parametrize("fps", [5, 25, 60])
def test_a_few_unmarked_pictures_among_broken_ones_are_not_trusted(fps: int) -> None:
    pictures = "xxxxxxx.xx" * fps
    assert "." not in trusted(pictures, fps)[fps:]


def test_after_a_second_of_damage_a_key_picture_is_the_first_to_be_shown() -> None:
    assert trusted("K" + "." * 49 + "x" * 50 + "." * 10 + "K" + "." * 9) == "." * 50 + "-" * 60 + "." * 10


def test_where_no_key_picture_comes_three_seconds_of_mostly_whole_ones_must_do() -> None:
    """A stream that refreshes its pictures bit by bit has no other, and one that loses packets hardly any."""
    found = trusted("." * 50 + "x" * 50 + "..x" * 50)
    assert found[50:170].count(".") == 0
    assert found[196:] == ("..-" * 20)[: len(found) - 196]


def test_a_timeline_that_starts_over_is_judged_anew() -> None:
    integrity = Integrity()
    for nth in range(100):
        integrity.add(1000 + nth / 25, complete=False)
    assert not integrity.trusted
    integrity.add(0.0, complete=True, key=True)
    assert integrity.trusted
