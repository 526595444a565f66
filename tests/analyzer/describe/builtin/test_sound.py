"""What the sound of a window adds to its words and its importance."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from analyzer.describe.builtin.describer import BuiltinDescriber
from analyzer.describe.builtin.noises import SOUND_WEIGHTS
from analyzer.describe.moment import MAX_TITLE_CHARS, Moment
from analyzer.signal.activity import Activity
from analyzer.signal.sound.record import PeakKind, Sound, SoundPeak, Speech
from analyzer.signal.window import Window
from tests.kit.records.moments import active, mover
from tests.kit.records.windows import measured

CROSSING = Activity(active_s=5.0, share=0.03, movers=(mover((1.0, 5.0), x=(0.05, 0.95)),))


def with_sound(window: Window, *peaks: tuple[float, float], kind: PeakKind = "loud") -> Window:
    """The window with peaks at (media time, rise in dB)."""
    found = tuple(SoundPeak(at_s, -45 + rise_db, rise_db, kind) for at_s, rise_db in peaks)
    return replace(window, quiet=False, sound=Sound(-20.0, -45.0, -35.0, found))


def described(window: Window, weight: float = 0.5) -> Moment:
    return asyncio.run(BuiltinDescriber(other_weight=weight).describe(window))


@pytest.mark.parametrize("index", range(6))
def test_a_noise_in_a_still_picture_is_stated_with_its_level(index: int) -> None:
    moment = described(with_sound(measured(index), (10 * index + 4.0, 18.2)))
    assert moment.title == "A sudden loud noise, 18 dB above the usual"
    assert "18 dB above the usual" in moment.text
    assert "after four seconds" in moment.text.lower()
    assert moment.text.endswith(("The picture is still.", "Nothing in the picture moves."))
    assert moment.tags == ("loud",)


@pytest.mark.parametrize("index", range(6))
def test_several_noises_are_counted_and_the_loudest_is_named(index: int) -> None:
    start_s = 10.0 * index
    moment = described(with_sound(measured(index), (start_s + 1, 12.0), (start_s + 6, 24.0)))
    assert moment.title == "Two loud noises, up to 24 dB above the usual"
    assert "after six seconds" in moment.text
    assert len(moment.title) <= MAX_TITLE_CHARS


def test_many_noises_are_not_counted() -> None:
    moment = described(with_sound(measured(0), *((float(at_s), 15.0) for at_s in range(1, 9))))
    assert moment.title == "Many loud noises, up to 15 dB above the usual"


def test_a_change_of_sound_is_stated_without_a_cause() -> None:
    moment = described(with_sound(measured(0), (5.0, 9.0), kind="change"))
    assert moment.title in {"The sound changes", "Another kind of sound"}
    assert "sound changes" in moment.text
    assert moment.tags == ("sound-change",)


def test_a_noise_is_added_to_what_moves() -> None:
    moment = described(with_sound(active(0, CROSSING), (3.0, 21.0)))
    assert moment.title != described(active(0, CROSSING)).title or len(moment.title) > 40
    assert "21 dB above the usual" in moment.text
    assert "loud" in moment.tags


@pytest.mark.parametrize("weight", sorted(set(SOUND_WEIGHTS.values())))
def test_loud_movement_is_worth_more_than_either(weight: float) -> None:
    still, moving = measured(0), active(0, CROSSING)
    noise, movement = described(with_sound(still, (3.0, 20.0)), weight), described(moving, weight)
    both = described(with_sound(moving, (3.0, 20.0)), weight)
    assert 10 >= both.importance > max(noise.importance, movement.importance)
    assert noise.importance > 0


def test_sound_counts_most_in_sports_and_films() -> None:
    noise = with_sound(measured(0), (3.0, 20.0))
    worth = {profile: described(noise, weight).importance for profile, weight in SOUND_WEIGHTS.items()}
    assert worth["sports"] == worth["movie"] > worth["surveillance"] == worth["wildlife"] > 0


def test_silence_changes_nothing() -> None:
    moving = active(0, CROSSING)
    with_floor = replace(moving, sound=Sound(-44.0, -45.0, -35.0))
    assert described(with_floor).text == described(moving).text
    assert described(with_floor).importance == described(moving).importance


def with_speech(window: Window, *spans: tuple[float, float]) -> Window:
    """The window with speech in these spans (media time)."""
    speech = tuple(Speech(start_s, end_s) for start_s, end_s in spans)
    return replace(window, quiet=False, sound=Sound(-20.0, -45.0, -35.0, speech=speech))


@pytest.mark.parametrize("index", range(6))
def test_speech_in_a_still_picture_is_stated_with_its_length(index: int) -> None:
    start_s = 10.0 * index
    moment = described(with_speech(measured(index), (start_s + 1, start_s + 4.2), (start_s + 5, start_s + 8)))
    assert moment.title == "Speech for six seconds"
    assert moment.text.startswith(("There is speech for six seconds.", "Speech is heard for six seconds."))
    assert moment.text.endswith(("The picture is still.", "Nothing in the picture moves."))
    assert moment.tags == ("speech",)


def test_speech_next_to_movement_is_stated_last_and_raises_the_importance() -> None:
    moment = described(with_speech(active(0, CROSSING), (3.0, 7.0)))
    assert moment.text.endswith("for four seconds.")
    assert "speech" in moment.tags
    assert moment.importance > described(active(0, CROSSING)).importance


def test_a_word_alone_is_not_stated() -> None:
    moment = described(with_speech(active(0, CROSSING), (3.0, 3.5)))
    plain = described(active(0, CROSSING))
    assert (moment.title, moment.text, moment.tags) == (plain.title, plain.text, plain.tags)
    assert moment.importance == plain.importance
