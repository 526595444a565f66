"""The sound of windows: what is loud, what is floor, and what changes, against the known truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from analyzer.signal.settings import SoundSettings
from analyzer.signal.sound.meter import SoundMeter
from analyzer.signal.sound.record import Sound, SoundPeak
from tests.kit.sound import made
from tests.kit.sound.made import RATE_HZ, Samples

WINDOW_S = 10.0
CHUNK = 1024  # an AAC frame

Maker = Callable[..., Samples]


def sounds(
    samples: Samples, settings: SoundSettings | None = None, *, start_s: float = 0.0, chunk: int = CHUNK
) -> list[Sound | None]:
    """What is measured of samples that come in pieces, window by window."""
    meter = SoundMeter(settings or SoundSettings())
    found: list[Sound | None] = []
    for first in range(0, len(samples), chunk):
        meter.push(start_s + first / RATE_HZ, samples[first : first + chunk])
        while meter.measured_s >= (len(found) + 1) * WINDOW_S + 0.1:
            found.append(meter.close(len(found) * WINDOW_S, (len(found) + 1) * WINDOW_S))
    end_s = start_s + len(samples) / RATE_HZ
    return [*found, meter.close(len(found) * WINDOW_S, end_s)]


def peaks(samples: Samples, settings: SoundSettings | None = None) -> list[SoundPeak]:
    return [peak for sound in sounds(samples, settings) if sound for peak in sound.peaks]


def test_one_crash_in_half_an_hour_of_fan_noise_is_one_peak() -> None:
    """It is three times ten minutes, with different noise each time."""
    fan = np.concatenate([made.fan(600, seed=seed) for seed in range(3)])
    found = sounds(made.mixed(fan, (934.56, made.crash(-15))), chunk=RATE_HZ)
    active = [number for number, sound in enumerate(found) if sound and sound.peaks]
    assert len(found) == 180
    assert active == [93]
    (peak,) = found[93].peaks if found[93] else ()
    assert peak.kind == "loud"
    assert peak.pts_s == pytest.approx(934.56, abs=0.02)


@pytest.mark.parametrize(
    ("maker", "level_db"),
    [
        pytest.param(made.fan, -20, id="a loud fan"),
        pytest.param(made.fan, -70, id="the noise of a microphone"),
        pytest.param(made.murmur, -35, id="a crowd"),
        pytest.param(made.siren, -30, id="a siren that never ends"),
    ],
)
def test_what_goes_on_is_floor(maker: Maker, level_db: float) -> None:
    """From its first second on: nothing quieter came before it."""
    assert peaks(maker(120, level_db)) == []


def test_a_crowd_murmurs_for_long_and_a_crash_in_it_is_loud() -> None:
    crowd = np.concatenate([made.murmur(60, seed=seed) for seed in (1, 20, 40)])
    found = peaks(made.mixed(crowd, (95.3, made.crash(-12))), SoundSettings(changes=False))
    assert [peak.pts_s for peak in found] == [pytest.approx(95.3, abs=0.02)]


def test_loud_noises_in_noise_are_found_and_nothing_else_is() -> None:
    """40 noises of 11 to 30 dB above the floor, in fan noise, at random times."""
    rng = np.random.default_rng(4)
    times_s = [15.0 * n + float(rng.uniform(2, 13)) for n in range(40)]
    rises_db = rng.uniform(14, 33, 40)
    events = [(at_s, made.crash(-45 + float(db))) for at_s, db in zip(times_s, rises_db, strict=True)]
    found = [peak.pts_s for peak in peaks(made.mixed(made.fan(610), *events))]
    recall, precision = matched(times_s, found, 0.05)
    assert recall >= 0.95
    assert precision == 1.0


def matched(wanted: Sequence[float], found: Sequence[float], within_s: float) -> tuple[float, float]:
    """Recall and precision of found times."""
    hit = sum(any(abs(at_s - other) <= within_s for other in found) for at_s in wanted)
    right = sum(any(abs(at_s - other) <= within_s for other in wanted) for at_s in found)
    return hit / len(wanted), right / max(1, len(found))


@pytest.mark.parametrize(
    ("before", "after"),
    [(made.music, made.talk), (made.talk, made.siren), (made.music, made.siren), (made.murmur, made.music)],
)
def test_a_change_of_sound_at_equal_level_is_found(before: Maker, after: Maker) -> None:
    samples = np.concatenate([before(40, level_db=-30), after(25, level_db=-30)])
    assert any(peak.pts_s == pytest.approx(40, abs=2.5) for peak in peaks(samples))
    levels = [float(np.sqrt(np.mean(part**2))) for part in np.split(samples, [40 * RATE_HZ])]
    assert levels[0] == pytest.approx(levels[1], rel=0.01)


def test_changes_do_not_count_where_that_is_not_wanted() -> None:
    samples = np.concatenate([made.music(40), made.siren(25)])
    assert any(peak.kind == "change" for peak in peaks(samples))
    assert not [peak for peak in peaks(samples, SoundSettings(changes=False)) if peak.kind == "change"]


def test_how_loud_is_loud_can_be_set() -> None:
    samples = made.mixed(made.fan(30), (12.0, made.crash(-25)))
    assert len(peaks(samples)) == 1
    assert peaks(samples, SoundSettings(min_rise_db=30.0)) == []


def test_a_fan_that_is_switched_on_is_one_peak_then_floor() -> None:
    found = sounds(np.concatenate([made.fan(40, -55), made.fan(30, -30)]))
    assert [[peak.pts_s for peak in sound.peaks] for sound in found if sound] == [
        [], [], [], [], [pytest.approx(40, abs=0.1)], [], [],
    ]  # fmt: skip
    assert found[-1] is not None
    assert found[-1].floor_db == pytest.approx(-30, abs=1)


def test_levels_are_in_db_of_full_scale() -> None:
    (sound,) = sounds(made.fan(9, -42))
    assert sound is not None
    assert sound.level_db_max == pytest.approx(-42, abs=0.6)
    assert sound.floor_db == pytest.approx(-42, abs=0.6)
    assert len(sound.levels) == 45


def test_a_muted_microphone_is_silent_then_dead() -> None:
    found = sounds(np.zeros(90 * RATE_HZ, np.float32))
    assert [sound.microphone for sound in found if sound] == ["silent"] * 5 + ["dead"] * 4
    assert not any(sound.peaks for sound in found if sound)


def test_a_microphone_of_faint_noise_alone_is_dead_after_a_minute() -> None:
    found = sounds(made.fan(90, -80))
    assert [sound.microphone for sound in found if sound] == ["live"] * 5 + ["dead"] * 4
    (live,) = {
        sound.microphone for sound in sounds(made.mixed(made.fan(90, -80), (40.0, made.crash(-50)))) if sound
    }
    assert live == "live"


def test_overdriven_sound_is_clipped() -> None:
    (sound,) = sounds(np.clip(made.mixed(made.fan(9), (4.0, made.fan(1, 10))), -1, 1))
    assert sound is not None
    assert sound.clipped_s == pytest.approx(1.0, abs=0.11)


def test_a_hole_in_the_sound_leaves_steps_without_a_level() -> None:
    meter = SoundMeter(SoundSettings())
    meter.push(0.0, made.fan(3))
    meter.push(6.0, made.fan(4))
    sound = meter.close(0.0, 10.0)
    assert sound is not None
    assert [level is None for level in sound.levels] == [False] * 15 + [True] * 15 + [False] * 20
    assert sound.peaks == ()


def test_sound_before_media_time_begins_is_left_out() -> None:
    found = sounds(made.mixed(made.fan(12), (1.0, made.crash(-10))), start_s=-2.0)
    assert not any(sound.peaks for sound in found if sound)


def test_a_wrong_timestamp_drops_no_more_than_its_own_sound() -> None:
    meter = SoundMeter(SoundSettings())
    meter.push(0.0, made.fan(2))
    meter.push(5000.0, made.fan(0.1))
    meter.push(2.0, made.fan(3))
    assert meter.measured_s == pytest.approx(5.0)


def test_a_window_without_sound_has_none() -> None:
    meter = SoundMeter(SoundSettings())
    meter.push(0.0, made.fan(10))
    assert meter.close(0.0, 10.0) is not None
    assert meter.close(10.0, 20.0) is None


def test_memory_is_bounded_when_no_window_closes() -> None:
    """What waits for its window is dropped, the oldest first; the rest is measured."""
    meter = SoundMeter(SoundSettings(changes=False))
    for minute in range(13):
        meter.push(60.0 * minute, made.fan(60))
    sound = meter.close(0.0, 780.0)
    assert sound is not None
    assert sum(level is not None for level in sound.levels) == 3500


def test_a_picture_is_wanted_for_each_loud_noise() -> None:
    wanted: list[float] = []
    meter = SoundMeter(SoundSettings(), wanted.append)
    meter.push(0.0, made.mixed(made.fan(30), (12.0, made.crash(-15)), (21.55, made.crash(-15))))
    assert wanted == [pytest.approx(12.0, abs=0.02), pytest.approx(21.55, abs=0.02)]
    assert all(math.isfinite(at_s) for at_s in wanted)
