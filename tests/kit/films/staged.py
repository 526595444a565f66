"""Films of a fixed camera whose movers are known exactly: staged at random from a seed, and encoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.random import Generator
from numpy.typing import NDArray

from tests.kit.films.actors import Actor, Colour, Picture

SECONDS = 10.0
_ASPECTS = ((480, 270), (480, 360), (640, 360))
_STEP_S = 0.1
_SHOWN = 0.5  # of a thing must be in the picture for it to be there
_LASTS_S = 0.5
_GRAINS = 17


@dataclass(frozen=True, slots=True)
class Stage:
    """A film of ten seconds.

    Attributes:
        kind: which of ``KINDS``.
        actors: what moves, farthest first.
        size: width and height in pixels.
        fps: frames a second.
        ground: what stands still, uint8 BGR.
        screens: what stands before the actors: x0, y0, x1, y1 in pixels.
        noise: standard deviation of the sensor's noise in grey levels.
        breath: how far the exposure goes up and down, as a share of the brightness.
        crf: how coarsely it is encoded.
    """

    kind: str
    seed: int
    actors: tuple[Actor, ...]
    size: tuple[int, int]
    fps: Fraction
    ground: Picture
    screens: tuple[tuple[int, int, int, int], ...]
    noise: float
    breath: float
    crf: int

    def present(self, at_s: float) -> list[Actor]:
        """Whoever is in the picture at a time, at least by half."""
        aspect = self.size[0] / self.size[1]
        return [
            actor
            for actor in self.actors
            if actor.shown(at_s, aspect) >= _SHOWN and not self._hidden(actor, at_s)
        ]

    def _hidden(self, actor: Actor, at_s: float) -> bool:
        middle = actor.middle(at_s)
        if middle is None:
            return False
        x, y = middle[0] * self.size[0], middle[1] * self.size[1]
        return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in self.screens)

    @property
    def in_all(self) -> int:
        """How many different things are there for half a second or longer."""
        seen = [actor for at_s in _steps() for actor in self.present(at_s)]
        return sum(seen.count(actor) * _STEP_S >= _LASTS_S for actor in self.actors)

    @property
    def at_once(self) -> int:
        """The most that are there at the same time, for half a second in all or longer."""
        counts = sorted((len(self.present(at_s)) for at_s in _steps()), reverse=True)
        return counts[round(_LASTS_S / _STEP_S) - 1]

    def write(self, path: Path, preset: str = "superfast") -> Path:
        """Encode it as H.264, by a preset of x264."""
        grain = self._grain()
        with av.open(path, "w") as out:
            options = {"preset": preset, "crf": str(self.crf), "x264-params": "log-level=error"}
            video = out.add_stream("libx264", rate=self.fps, options=options)
            assert isinstance(video, VideoStream)  # by its codec
            video.width, video.height, video.pix_fmt = *self.size, "yuv420p"
            video.codec_context.thread_count = 1
            for nth in range(round(SECONDS * self.fps)):
                planes = np.asarray(
                    cv2.cvtColor(self.picture(float(nth / self.fps)), cv2.COLOR_BGR2YUV_I420), np.uint8
                )
                luma = planes[: self.size[1]]
                if grain:
                    cv2.add(luma, grain[nth % len(grain)], luma, dtype=cv2.CV_8U)
                frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
                frame.pts, frame.time_base = nth, 1 / self.fps
                out.mux(video.encode(frame))
            out.mux(video.encode(None))
        return path

    def picture(self, at_s: float) -> Picture:
        """What is before the camera at a time, uint8 BGR (height, width, 3), without the sensor's noise."""
        picture = self.ground.copy()
        for actor in self.actors:
            actor.draw(picture, at_s)
        for x0, y0, x1, y1 in self.screens:
            picture[y0:y1, x0:x1] = cv2.convertScaleAbs(self.ground[y0:y1, x0:x1], alpha=0.5, beta=20)
        if not self.breath:
            return picture
        exposure = 1 + self.breath * np.sin(at_s * 0.9 + self.seed)
        return np.asarray(cv2.convertScaleAbs(picture, alpha=exposure), np.uint8)

    def _grain(self) -> list[NDArray[np.float32]]:
        """The noise of some frames, to be repeated: far more of them than an encoder looks back."""
        if not self.noise:
            return []
        random = np.random.default_rng([self.seed, 99])
        width, height = self.size
        return list(self.noise * random.standard_normal((_GRAINS, height, width), np.float32))


def _steps() -> list[float]:
    return [k * _STEP_S for k in range(round(SECONDS / _STEP_S))]


def stage(kind: str, seed: int) -> Stage:
    """The film of this kind and seed; always the same one."""
    random = np.random.default_rng([seed, *kind.encode()])
    size = _ASPECTS[random.integers(len(_ASPECTS))]
    ground = _ground(random, size)
    played = KINDS[kind](random)
    actors = sorted(played.actors, key=lambda actor: actor.way[0][2] + actor.height / 2)
    return Stage(
        kind=kind,
        seed=seed,
        actors=tuple(actors),
        size=size,
        fps=Fraction(random.choice(["10", "25/2", "15", "20", "25", "30"])),
        ground=ground,
        screens=tuple(_scaled(screen, size) for screen in played.screens),
        noise=float(random.choice([0.0, 1.0, 2.0, 4.0])),
        breath=float(random.choice([0.0, 0.0, 0.03])),
        crf=int(random.choice([18, 23, 28, 33])),
    )


def _scaled(box: Sequence[float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    (x0, y0, x1, y1), (width, height) = box, size
    return round(x0 * width), round(y0 * height), round(x1 * width), round(y1 * height)


def _ground(random: Generator, size: tuple[int, int]) -> Picture:
    """A wall, a lawn, tiles, or a street with its lines: no place like another."""
    width, height = size
    base = random.uniform(70, 170, 3)
    slope = np.linspace(-30, 30, height)[:, None] * random.uniform(-1, 1)
    ground = np.full((height, width, 3), base) + slope[..., None]
    for cells in (6, 24, 80):
        shape = (max(2, cells * height // width), cells)
        grain = random.normal(0, random.uniform(2, 9), shape).astype(np.float32)
        ground += cv2.resize(grain, size, interpolation=cv2.INTER_LINEAR)[..., None]
    kind = random.integers(4)
    if kind == 1:
        step = int(random.integers(24, 60))
        ground[::step] -= 25
        ground[:, ::step] -= 25
    elif kind == 2:
        horizon = int(height * random.uniform(0.2, 0.4))
        ground[:horizon] += 35
        for x in range(10, width, 55):
            ground[horizon // 4 : horizon // 2, x : x + 25] -= 45
        ground[int(height * 0.7) : int(height * 0.7) + 4, ::2] += 60
    elif kind == 3:
        for x in range(0, width, 40):
            ground[:, x : x + 3] -= 30
    return np.clip(ground, 20, 235).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class _Played:
    actors: tuple[Actor, ...]
    screens: tuple[tuple[float, float, float, float], ...] = ()


def _colours(random: Generator) -> tuple[Colour, Colour, Colour]:
    def colour() -> Colour:
        b, g, r = random.choice([random.integers(5, 60, 3), random.integers(185, 250, 3)]).tolist()
        return b, g, r

    return colour(), colour(), colour()


def _height(look: str, random: Generator) -> float:
    low, high = {"person": (0.14, 0.45), "car": (0.08, 0.22), "box": (0.1, 0.35), "plain": (0.12, 0.35)}[look]
    return float(random.uniform(low, high))


def _look(random: Generator) -> str:
    return str(random.choice(["person", "person", "car", "car", "box", "plain"]))


def _actor(random: Generator, look: str, way: Sequence[tuple[float, float, float]], height: float) -> Actor:
    shadow = float(random.choice([0.0, 0.0, 0.5, -0.6]))
    return Actor(look, tuple(way), height, _colours(random), float(random.uniform(1.3, 2.2)), shadow)


def _across(
    random: Generator, look: str, *, y: float, right: bool, start_s: float, lasts_s: float, height: float
) -> Actor:
    margin = height * (1.3 if look == "car" else 0.6)
    ends = (-margin, 1 + margin) if right else (1 + margin, -margin)
    drift = float(random.uniform(-0.05, 0.05))
    return _actor(random, look, [(start_s, ends[0], y), (start_s + lasts_s, ends[1], y + drift)], height)


def _alone(random: Generator) -> _Played:
    look, lasts_s = _look(random), float(random.uniform(2.5, 8))
    return _Played(
        (
            _across(
                random,
                look,
                y=float(random.uniform(0.35, 0.7)),
                right=bool(random.integers(2)),
                start_s=float(random.uniform(0.5, 9 - lasts_s)),
                lasts_s=lasts_s,
                height=_height(look, random),
            ),
        )
    )


def _lanes(random: Generator, count: int) -> list[float]:
    """Heights in the picture at which so many pass without touching, about."""
    return [0.18 + 0.64 * (k + float(random.uniform(0.35, 0.65))) / count for k in range(count)]


def _several(random: Generator, count: int, ways: Callable[[], bool]) -> _Played:
    actors = []
    for y in _lanes(random, count):
        look = _look(random)
        height = min(_height(look, random), 0.42 / count)
        lasts_s = float(random.uniform(3, 6))
        start_s = float(random.uniform(0.5, 2.5))
        actors.append(
            _across(random, look, y=y, right=ways(), start_s=start_s, lasts_s=lasts_s, height=height)
        )
    return _Played(tuple(actors))


def _opposite(random: Generator) -> _Played:
    turns = iter((True, False) if random.integers(2) else (False, True))
    return _several(random, 2, lambda: next(turns))


def _crossing(random: Generator) -> _Played:
    """Two that pass in opposite directions on the same line: one hides the other for a while."""
    y = float(random.uniform(0.4, 0.65))
    looks = [_look(random), _look(random)]
    start_s, lasts_s = float(random.uniform(0.5, 2)), float(random.uniform(4, 6.5))
    return _Played(
        tuple(
            _across(
                random,
                look,
                y=y + float(random.uniform(-0.04, 0.04)),
                right=right,
                start_s=start_s + float(random.uniform(0, 1)),
                lasts_s=lasts_s,
                height=min(0.3, _height(look, random)),
            )
            for look, right in zip(looks, (True, False), strict=True)
        )
    )


def _following(random: Generator) -> _Played:
    """Two that go the same way on the same line, well apart."""
    look, right = _look(random), bool(random.integers(2))
    height = min(0.18, _height(look, random))
    lasts_s = float(random.uniform(4, 6))
    between_s = lasts_s * float(random.uniform(0.38, 0.55))
    return _Played(
        tuple(
            _across(
                random, look, y=0.55, right=right, start_s=0.4 + k * between_s, lasts_s=lasts_s, height=height
            )
            for k in range(2)
        )
    )


def _in_turn(random: Generator) -> _Played:
    """One that goes, and another that comes when it has gone."""
    actors = []
    for k in range(2):
        look, lasts_s = _look(random), float(random.uniform(2.5, 3.6))
        actors.append(
            _across(
                random,
                look,
                y=float(random.uniform(0.4, 0.65)),
                right=bool(random.integers(2)),
                start_s=0.4 + 5.2 * k,
                lasts_s=lasts_s,
                height=_height(look, random),
            )
        )
    return _Played(tuple(actors))


def _behind(random: Generator) -> _Played:
    """One that passes behind posts or a wall."""
    (actor,) = _alone(random).actors
    if random.integers(2):
        x, wide = float(random.uniform(0.35, 0.5)), float(random.uniform(0.05, 0.2))
        return _Played((actor,), ((x, 0.0, x + wide, 1.0),))
    return _Played((actor,), tuple((x, 0.0, x + 0.025, 1.0) for x in (0.2, 0.45, 0.7)))


def _pausing(random: Generator) -> _Played:
    """One that stops on its way for some seconds, and goes on or turns back."""
    look = str(random.choice(["person", "car", "box"]))
    height, y = _height(look, random), float(random.uniform(0.4, 0.65))
    stop, go = float(random.uniform(0.4, 0.6)), float(random.uniform(1.2, 2.6))
    left = -height * 1.3
    to = 1 - left if random.integers(2) else left
    way = [(0.5, left, y), (3.2, stop, y), (3.2 + go, stop, y), (6.6 + go, to, y)]
    return _Played((_actor(random, look, way, height),))


def _juggling(random: Generator) -> _Played:
    height = float(random.uniform(0.35, 0.8))
    x, y = float(random.uniform(0.3, 0.7)), float(random.uniform(0.45, 0.55))
    return _Played((_actor(random, "juggler", [(0.0, x, y), (SECONDS, x, y)], height),))


def _near(random: Generator) -> _Played:
    """One so near that it fills much of the picture."""
    look = str(random.choice(["person", "car", "plain"]))
    height = float(random.uniform(0.6, 0.95) if look == "person" else random.uniform(0.38, 0.55))
    return _Played(
        (
            _across(
                random,
                look,
                y=0.55,
                right=bool(random.integers(2)),
                start_s=1.0,
                lasts_s=float(random.uniform(3, 7)),
                height=height,
            ),
        )
    )


def _abreast(random: Generator) -> _Played:
    """Two that go side by side, nearly touching, at nearly the same speed."""
    look, right = _look(random), bool(random.integers(2))
    height = min(0.2, _height(look, random))
    start_s, lasts_s = float(random.uniform(0.5, 2)), float(random.uniform(4, 6.5))
    return _Played(
        tuple(
            _across(
                random,
                look,
                y=0.45 + k * (height + 0.05),
                right=right,
                start_s=start_s + k * float(random.uniform(0, 0.4)),
                lasts_s=lasts_s * float(random.uniform(0.95, 1.05)),
                height=height,
            )
            for k in range(2)
        )
    )


def _lengthwise(random: Generator, count: int) -> _Played:
    """Up or down the picture, growing no larger, each in a lane of its own."""
    actors = []
    for k in range(count):
        height, look = float(random.uniform(0.12, 0.3)), str(random.choice(["person", "box"]))
        x = 0.2 + 0.6 * (k + float(random.uniform(0.3, 0.7))) / count
        ends = (-height, 1 + height) if random.integers(2) else (1 + height, -height)
        start_s, lasts_s = float(random.uniform(0.5, 2)), float(random.uniform(3.5, 6))
        actors.append(
            _actor(random, look, [(start_s, x, ends[0]), (start_s + lasts_s, x + 0.03, ends[1])], height)
        )
    return _Played(tuple(actors))


def _faint(random: Generator) -> _Played:
    """One that differs little from what is behind it."""
    (actor,) = _alone(random).actors
    grey = tuple(int(c) for c in random.integers(60, 120, 3))
    colours = tuple((grey[k], grey[k], grey[k]) for k in range(3))
    return _Played((Actor(actor.look, actor.way, actor.height, colours, actor.stride_hz),))


def _besides(random: Generator) -> _Played:
    """One that stays and works with its arms, while another passes."""
    (actor,) = _juggling(random).actors
    still = Actor("juggler", ((0.0, 0.25, 0.5), (SECONDS, 0.25, 0.5)), min(0.45, actor.height), actor.colours)
    height = float(random.uniform(0.15, 0.3))
    down = -height, 1 + height
    way = [(2.0, float(random.uniform(0.65, 0.8)), down[0]), (6.5, 0.75, down[1])]
    return _Played((still, _actor(random, str(random.choice(["person", "box"])), way, height)))


def _either(random: Generator) -> Callable[[], bool]:
    return lambda: bool(random.integers(2))


KINDS: Mapping[str, Callable[[Generator], _Played]] = MappingProxyType(
    {
        "still": lambda random: _Played(()),  # noqa: ARG005  # called like the others
        "alone": _alone,
        "near": _near,
        "faint": _faint,
        "lengthwise": lambda random: _lengthwise(random, 1),
        "behind": _behind,
        "pausing": _pausing,
        "juggling": _juggling,
        "opposite": _opposite,
        "crossing": _crossing,
        "following": _following,
        "besides": _besides,
        "two": lambda random: _several(random, 2, _either(random)),
        "abreast": _abreast,
        "two lengthwise": lambda random: _lengthwise(random, 2),
        "in turn": _in_turn,
        "three": lambda random: _several(random, 3, _either(random)),
        "three lengthwise": lambda random: _lengthwise(random, 3),
        "five": lambda random: _several(random, 5, _either(random)),
    }
)
"""How each kind of film is staged."""
