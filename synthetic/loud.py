"""The loud sounds of events, known exactly: whistle, roar, horn, and babble like speech."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthetic.event import Event
from synthetic.scene import Scene
from synthetic.schedule import happening, scheduled

Floats = NDArray[np.float64]

_VEHICLES = frozenset({"car", "van", "lorry", "bus"})
_HORN_S, _WHISTLE_S, _BABBLE_S, _ROAR_S = 0.9, 0.6, 2.4, 3.0
_HORN_SHARE, _BABBLE_SHARE = 0.35, 0.5  # of vehicles that sound it, and of walkers who talk
_LATE_S = 1.0  # of the whistle after the ball
_SYLLABLES_HZ = 4.5
_LONGEST_S = 3.5


@dataclass(frozen=True, slots=True)
class Noise:
    """A loud sound.

    Attributes:
        kind: ``whistle`` (the ball is out of play), ``roar`` (of the crowd at a goal), ``horn`` (of a
            vehicle) or ``babble`` (a walker talks).
        start_s, end_s: media time.
    """

    kind: str
    start_s: float
    end_s: float


def noises(scene: Scene, until_s: float) -> tuple[Noise, ...]:
    """Return all loud sounds that start before a time, in order of their starts."""
    found = (noise for event in scheduled(scene, until_s) for noise in noises_of(event, scene.seed))
    return tuple(sorted((it for it in found if it.start_s < until_s), key=lambda it: it.start_s))


def noises_between(scene: Scene, from_s: float, to_s: float) -> tuple[Noise, ...]:
    """Return the loud sounds that go on in a time."""
    near = happening(scene, from_s - _LONGEST_S, to_s)
    found = (noise for event in near for noise in noises_of(event, scene.seed))
    return tuple(noise for noise in found if noise.start_s <= to_s and noise.end_s >= from_s)


def noises_of(event: Event, seed: int) -> Iterator[Noise]:
    """Yield the loud sounds of an event, always the same ones."""
    draw = float(np.random.default_rng([seed, 30, round(event.start_s * 1000)]).random())
    middle_s = (event.start_s + event.end_s) / 2
    if event.kind in _VEHICLES and draw < _HORN_SHARE:
        yield Noise("horn", middle_s, middle_s + _HORN_S)
    elif event.kind == "walker" and draw < _BABBLE_SHARE:
        yield Noise("babble", middle_s, middle_s + _BABBLE_S)
    elif event.kind == "goal":
        yield Noise("roar", event.start_s, event.start_s + _ROAR_S)
    elif event.kind == "regroup":
        yield Noise("whistle", event.start_s + _LATE_S, event.start_s + _LATE_S + _WHISTLE_S)


def sound_of(noise: Noise, at_s: Floats) -> Floats:
    """Return a loud sound at these media times, -1 to 1; of a roar nothing, as the crowd makes it."""
    age_s, length_s = at_s - noise.start_s, noise.end_s - noise.start_s
    inside = (age_s >= 0) & (age_s <= length_s)
    # Begins and ends within 10 ms, without a click.
    edge = inside * np.clip(np.minimum(age_s, length_s - age_s) / 0.01, 0, 1)
    match noise.kind:
        case "whistle":
            trill = 1 + 0.5 * np.sin(2 * math.pi * 28 * age_s)
            return np.asarray(0.5 * edge * trill * np.sin(2 * math.pi * 2900 * age_s))
        case "horn":
            tones = sum(
                np.sin(2 * math.pi * nth * hz * age_s) / nth for hz in (370.0, 440.0) for nth in range(1, 7)
            )
            return np.asarray(0.28 * edge * tones)
        case "babble":
            return np.asarray(0.14 * edge * _babble(age_s))
        case _:
            return np.zeros(len(at_s))


def _babble(age_s: Floats) -> Floats:
    """A voice: syllables of a pulse train, whose formant moves from syllable to syllable."""
    syllable = np.floor(age_s * _SYLLABLES_HZ)
    formant_hz = 500 + 1100 * np.mod(0.618 * syllable, 1.0)
    voice = np.zeros(len(age_s))
    for harmonic in range(1, 25):
        hz = 120.0 * harmonic
        gain = 1 / (1 + ((hz - formant_hz) / 150) ** 2)
        voice += gain * np.sin(2 * math.pi * hz * age_s)
    return np.asarray(voice * np.abs(np.sin(math.pi * _SYLLABLES_HZ * age_s)))
