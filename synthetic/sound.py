"""The sound: ambience, and the sounds of events."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from synthetic.event import Event
from synthetic.loud import noises_between, sound_of
from synthetic.scene import Scene
from synthetic.schedule import happening

RATE_HZ = 16_000

Samples = NDArray[np.float32]

_LOOP_S = 7
_LINGER_S = 6.0  # how long after a goal the crowd is loud
_ENGINES = {"car": 0.08, "van": 0.09, "lorry": 0.18, "bus": 0.15}
_STEPS_HZ = {"walker": 1.9, "jogger": 2.7}
# How loud the crowd gets, and how soon (s) it calms down again.
_CHEERS = {"shot": (0.08, 0.8), "goal": (0.22, 3.5), "save": (0.14, 1.2), "miss": (0.12, 1.0)}


class Soundscape:
    """The sound of a scene, mono."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._crowded = scene.place == "field"
        self._wind = _hum(1, low_hz=60, high_hz=900, slope=1.0)
        self._engine = _hum(2, low_hz=35, high_hz=220, slope=0.7)
        self._tyres = _hum(3, low_hz=350, high_hz=1800, slope=0.4)
        self._crowd = _hum(4, low_hz=220, high_hz=1500, slope=0.5)

    def samples(self, first: int, count: int) -> Samples:
        """Return ``count`` samples from a number on, between -1 and 1."""
        at_s = (first + np.arange(count)) / RATE_HZ
        places = (first + np.arange(count)) % len(self._wind)
        total = 0.012 * self._wind[places]
        if self._crowded:
            total = total + 0.02 * self._crowd[places] * (1 + 0.3 * np.sin(at_s * 0.9))
        for event in happening(self._scene, float(at_s[0]) - _LINGER_S, float(at_s[-1])):
            total = total + self._heard(event, at_s, places)
        for noise in noises_between(self._scene, float(at_s[0]), float(at_s[-1])):
            total = total + sound_of(noise, at_s)
        return np.asarray(np.clip(total, -1, 1), np.float32)

    def _heard(
        self, event: Event, at_s: NDArray[np.float64], places: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        if event.kind in _ENGINES:
            near = _ENGINES[event.kind] * _nearness(event, at_s)
            return near * (self._engine[places] + 0.5 * self._tyres[places])
        if event.kind in _STEPS_HZ:
            return 0.035 * _nearness(event, at_s) * _steps(at_s - event.start_s, _STEPS_HZ[event.kind])
        if event.kind == "cyclist":
            return 0.012 * _nearness(event, at_s) * self._tyres[places]
        sound = np.zeros(len(at_s))
        if event.kind in _CHEERS:
            loud, calm_s = _CHEERS[event.kind]
            age_s = np.maximum(at_s - event.start_s, 0.0)
            sound += loud * (1 - np.exp(-age_s / 0.25)) * np.exp(-age_s / calm_s) * self._crowd[places]
        if event.kind in {"pass", "shot"}:
            sound += (0.4 if event.kind == "shot" else 0.22) * _thump(at_s - event.start_s)
        return sound


def _hum(seed: int, *, low_hz: float, high_hz: float, slope: float) -> Samples:
    """Return band-limited noise of standard deviation 1 that can be repeated without a discontinuity."""
    count = _LOOP_S * RATE_HZ
    pitch_hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    rng = np.random.default_rng(seed)
    shape = ((pitch_hz >= low_hz) & (pitch_hz <= high_hz)) / np.maximum(pitch_hz, low_hz) ** slope
    waves = shape * np.exp(1j * rng.uniform(0, 2 * math.pi, len(pitch_hz)))
    noise = np.fft.irfft(waves, count)
    return np.asarray(noise / noise.std(), np.float32)


def _nearness(event: Event, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a fade-in and fade-out: 0 at start and end, 1 in between."""
    share = np.clip((at_s - event.start_s) / (event.end_s - event.start_s), 0, 1)
    return np.asarray(np.sin(math.pi * share) ** 2)


def _steps(since_s: NDArray[np.float64], steps_hz: float) -> NDArray[np.float64]:
    """Footsteps: short, dull knocks."""
    age_s = np.mod(since_s, 1 / steps_hz)
    return np.asarray(np.exp(-age_s / 0.02) * np.sin(2 * math.pi * 180 * age_s))


def _thump(since_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """A kicked ball."""
    age_s = np.maximum(since_s, 0.0)
    return np.asarray((since_s >= 0) * np.exp(-age_s / 0.035) * np.sin(2 * math.pi * 95 * age_s))
