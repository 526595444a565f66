"""The signal sees movers and nothing else: not noise, exposure, switched lights, coders or damage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from analyzer.signal.motion import GRID_COLUMNS, GRID_ROWS, Motion, MotionMeter
from analyzer.signal.settings import Areas, MotionSettings, rectangle
from analyzer.signal.window_peaks import PeakFinder, WindowPeaks

WIDTH, HEIGHT = 400, 300
Luma = NDArray[np.uint8]
Scene = NDArray[np.float32]

MEDIA = Path(__file__).parents[4] / "shared" / "media"
EVENTS = {  # seconds, from the media's own notes
    "car-detection.mp4": [(4.2, 9.0), (14.2, 19.4), (25.0, 27.8)],
    "bottle-detection.mp4": [
        (5.6, 7.3),
        (11.0, 13.6),
        (15.8, 18.3),
        (21.8, 24.8),
        (27.2, 29.2),
        (30.6, 32.2),
        (34.5, 37.0),
    ],
}


@cache
def street(seed: int = 1) -> Scene:
    """A still scene: coarse and fine texture, and a few hard edges."""
    rng = np.random.default_rng(seed)
    scene = np.full((HEIGHT, WIDTH), 110, np.float32)
    for cells, strength in ((8, 25), (40, 12), (150, 6)):
        texture = rng.standard_normal((cells * 3 // 4, cells)).astype(np.float32)
        scene += strength * np.asarray(cv2.resize(texture, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC))
    for _ in range(6):
        x, y = rng.integers(0, WIDTH - 60), rng.integers(0, HEIGHT - 60)
        scene[y : y + rng.integers(20, 60), x : x + rng.integers(20, 60)] += rng.choice([-50, 50])
    return scene


GRAIN = np.random.default_rng(5).standard_normal((29, HEIGHT, WIDTH), np.float32)


def camera(
    scene_at: Callable[[float], Scene], *, fps: float = 20, seconds: float = 5, noise: float = 2
) -> Iterator[tuple[float, Luma]]:
    """Frames of a scene with sensor noise of so many grey levels (sd)."""
    for i in range(round(fps * seconds)):
        # the same grain comes back after more frames than the meter looks back
        noisy = cv2.scaleAdd(GRAIN[i % len(GRAIN)], noise, scene_at(i / fps).astype(np.float32))
        yield i / fps, cv2.convertScaleAbs(np.maximum(noisy, 0)).astype(np.uint8, copy=False)


def draw(scene: Scene, x: float, y: int, size: tuple[int, int], levels: float) -> Scene:
    """The scene with a box at a fractional x, so much brighter than what it hides."""
    width, height = size
    drawn = scene.copy()
    first = int(np.floor(x))
    cover = np.zeros(width + 1, np.float32)
    cover[:width] += 1 - (x - first)
    cover[1:] += x - first
    patch = drawn[y : y + height, first : first + width + 1]
    patch += (float(patch.mean()) + levels - patch) * cover
    return drawn


def measured(
    frames: Iterable[tuple[float, Luma]],
    settings: MotionSettings | None = None,
    areas: Areas | None = None,
) -> list[Motion]:
    meter = MotionMeter(settings or MotionSettings(), WIDTH, HEIGHT, areas)
    return [meter.measure(pts_s, luma) for pts_s, luma in frames]


def above(motions: list[Motion], start_s: float = 0.0, end_s: float = 99.0) -> list[float]:
    """Times at which the signal is above its threshold."""
    return [m.pts_s for m in motions if m.value > m.threshold and start_s <= m.pts_s <= end_s]


def windows(motions: list[Motion]) -> list[WindowPeaks[None]]:
    finder: PeakFinder[None] = PeakFinder()
    found, end_s = [], 10.0
    for motion in motions:
        if motion.pts_s >= end_s:
            found.append(finder.close(motion.value))
            end_s += 10.0
        finder.push(motion.pts_s, motion.value, motion.threshold)
    return [*found, finder.close()]


def is_quiet(motions: list[Motion]) -> bool:
    return all(window.quiet for window in windows(motions))


def test_the_first_frame_has_no_motion() -> None:
    (motion,) = measured(camera(lambda _: street(), seconds=0.05))
    assert (motion.value, motion.cut, motion.grid) == (0.0, False, None)


@pytest.mark.parametrize("noise", [0, 2, 4, 8])
@pytest.mark.parametrize("fps", [5, 10, 30, 60])
def test_sensor_noise_is_not_motion(noise: float, fps: float) -> None:
    scene = street()
    assert above(measured(camera(lambda _: scene, fps=fps, seconds=3, noise=noise))) == []


def test_a_dark_and_noisy_picture_is_still() -> None:
    scene = street() * np.float32(0.25)
    assert above(measured(camera(lambda _: scene, noise=5))) == []


@pytest.mark.parametrize("fps", [5, 10, 30, 60])
def test_a_distant_walker_is_seen_alike_at_any_frame_rate(fps: float) -> None:
    scene = street()

    def walk(t: float) -> Scene:
        return draw(scene, 180 + 9.4 * (t - 2), 130, (5, 17), 45) if 2 <= t <= 6 else scene

    motions = measured(camera(walk, fps=fps, seconds=8, noise=2.2))
    seen = above(motions, 2.5, 6.0)
    assert len(seen) > 0.6 * 3.5 * fps
    assert above(motions, 0.0, 1.99) == []
    assert above(motions, 6.5) == []
    assert not is_quiet(motions)


def test_a_street_that_never_rests_never_becomes_quiet() -> None:
    scene = street()

    def traffic(t: float) -> Scene:
        drawn = scene
        for lane in range(6):
            drawn = draw(drawn, (97 * lane + (40 + 15 * lane) * t) % 350, 20 + 45 * lane, (40, 25), 40)
        return drawn

    motions = measured(camera(traffic, fps=10, seconds=40))
    assert [window.quiet for window in windows(motions)] == [False] * 4
    assert len(above(motions, 10.0)) > 0.95 * 300


def exposure(scene: Scene, gain: float) -> Scene:
    """The scene at another exposure: a gain of light, seen through the usual gamma of 2.2."""
    light = (np.clip(scene, 0, 255) / 255) ** 2.2 * gain
    return np.asarray(255 * np.clip(light, 0, 1) ** (1 / 2.2), np.float32)


ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH]
GLOW = np.exp(-((COLUMNS - 80) ** 2 + (ROWS - 60) ** 2) / (2 * 90.0**2)).astype(np.float32)
BANDS = (ROWS / HEIGHT * 13.8).astype(np.float32)
CHANGES_OF_LIGHT: dict[str, Callable[[Scene, float], Scene]] = {
    "slow ramp": lambda scene, t: scene * np.float32(1 + 0.05 * t),
    "fall and recovery": lambda scene, t: exposure(
        scene, float(np.interp(t, [1, 2, 3, 5], [1, 0.3, 0.3, 1]))
    ),
    "slow pumping": lambda scene, t: exposure(scene, 1 + 0.3 * np.sin(2 * t)),
    "fast pumping": lambda scene, t: scene * np.float32(1 + 0.1 * np.sin(6 * t)),
    "offset": lambda scene, t: scene + np.float32(8 * np.sin(12 * t)),
    "light on": lambda scene, t: exposure(scene, 1.0 if t > 3 else 0.35),
    "light off": lambda scene, t: exposure(scene, 0.35 if t > 3 else 1.0),
    "lamp in a corner fading in": lambda scene, t: scene + 10 * min(t, 4.0) * GLOW,
    "bands of a 50 Hz lamp": lambda scene, t: scene * (1 + 0.06 * np.sin(632.7 * t + BANDS)),
}


@pytest.mark.parametrize("name", CHANGES_OF_LIGHT)
def test_a_change_of_light_is_not_motion(name: str) -> None:
    scene = street()
    motions = measured(camera(lambda t: CHANGES_OF_LIGHT[name](scene, t)))
    assert is_quiet(motions)
    assert not any(motion.cut for motion in motions)


def test_a_mover_is_seen_while_the_exposure_pumps() -> None:
    scene = street()

    def scene_at(t: float) -> Scene:
        moved = draw(scene, 50 + 40 * (t - 2), 120, (25, 60), 50) if 2 <= t <= 4 else scene
        return exposure(moved, 1 + 0.3 * np.sin(2 * t))

    motions = measured(camera(scene_at))
    assert len(above(motions, 2.1, 4.0)) > 0.9 * 1.9 * 20
    assert above(motions, 0.0, 1.99) == above(motions, 4.5) == []


def test_the_shift_is_the_picture_wide_change_of_brightness_movers_left_out() -> None:
    scene = street()

    def scene_at(t: float) -> Scene:
        return draw(scene, 100 * t, 50, (90, 200), 80) + (20 if t >= 1.5 else 0)

    motions = measured(camera(scene_at, seconds=3))
    shifts = [motion.shift for motion in motions]
    assert max(shifts) == pytest.approx(20, abs=1.0)
    assert motions[int(np.argmax(shifts))].pts_s == 1.5
    assert sorted(shifts)[-2] < 1.0


@pytest.mark.parametrize("gop", [12, 25])
def test_the_refresh_of_a_coder_is_not_motion(gop: int) -> None:
    scene = street()
    smooth = np.asarray(cv2.GaussianBlur(scene, (0, 0), 1.5), np.float32)

    def coded(t: float) -> Scene:
        since = round(t * 20) % gop
        sharpness = np.float32(0.6 + 0.4 * since / gop)
        return smooth + (scene - smooth) * sharpness + np.float32(since == 0)

    assert above(measured(camera(coded, noise=0.5))) == []


def test_a_camera_that_trembles_a_little_is_still() -> None:
    scene = street()

    def trembling(t: float) -> Scene:
        move = np.array([[1, 0, 0.3 * np.sin(9 * t)], [0, 1, 0.2 * np.sin(13 * t)]], np.float32)
        return np.asarray(cv2.warpAffine(scene, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE))

    assert is_quiet(measured(camera(trembling)))


def test_a_damaged_frame_counts_once() -> None:
    scene = street()
    damaged = np.vstack([scene[:150], scene[150:, ::-1]])
    motions = measured(camera(lambda t: damaged if t == 3.0 else scene))
    assert above(motions) == [3.0]
    assert is_quiet(motions)


@pytest.mark.parametrize("fps", [10, 20])
def test_a_change_that_stays_is_an_event(fps: float) -> None:
    scene = street()
    motions = measured(camera(lambda t: draw(scene, 120, 80, (120, 90), 60) if t >= 3 else scene, fps=fps))
    assert not is_quiet(motions)
    assert above(motions, 0.0, 2.95) == above(motions, 3.5) == []


def test_a_cut_is_reported_once_and_a_fade_is_none() -> None:
    one, other = street(1), street(2) + 20
    cut = measured(camera(lambda t: one if t < 3 else other))
    assert [motion.pts_s for motion in cut if motion.cut] == [3.0]
    assert above(cut) == [3.0], "in the first frame of the new scene, and in no other"

    def fade(t: float) -> Scene:
        share = np.float32(np.clip((t - 2) / 1.5, 0, 1))
        return one * (1 - share) + other * share

    assert not any(motion.cut for motion in measured(camera(fade)))


def test_what_moves_after_a_cut_is_still_seen() -> None:
    one, other = street(1), street(2) + 20
    motions = measured(camera(lambda t: one if t < 3 else draw(other, 90 * (t - 3), 80, (30, 60), 60)))
    assert len(above(motions, 3.05, 3.6)) >= 5


def test_a_frame_of_another_scene_counts_once() -> None:
    one, other = street(1), street(2) + 20
    assert above(measured(camera(lambda t: other if t == 3.0 else one))) == [3.0]


def test_a_lorry_that_fills_the_picture_is_not_a_cut() -> None:
    scene = street()
    motions = measured(camera(lambda t: draw(scene, min(300.0, 200 * t), 0, (99, HEIGHT), 70), seconds=2))
    assert not any(motion.cut for motion in motions)


def mover(t: float) -> Scene:
    return draw(street(), 20 + 60 * t, 40, (30, 60), 60)


def test_the_grid_shows_where_the_picture_changed_and_only_while_it_does() -> None:
    still = street()
    motions = measured(camera(lambda t: mover(t) if t < 3 else still, seconds=5))
    assert all((motion.grid is None) == (motion.value <= motion.threshold) for motion in motions)
    grid = next(motion.grid for motion in motions if motion.pts_s >= 2.0)
    assert grid is not None
    assert grid.dtype == np.uint8
    assert grid.shape == (GRID_ROWS, GRID_COLUMNS)
    rows, columns = np.nonzero(grid > 60)
    assert rows.min() >= 2
    assert rows.max() <= 11
    assert columns.min() >= 8  # the mover stands at x 140 to 170
    assert columns.max() <= 19


@pytest.mark.parametrize(
    ("areas", "counts"),
    [
        (Areas(regions=(rectangle(0, 0, 400, 120),)), True),
        (Areas(regions=(rectangle(0, 150, 400, 150),)), False),
        (Areas(regions=(((0, 0), (400, 0), (400, 120)),)), True),
        (Areas(ignore=(rectangle(0, 20, 400, 120),)), False),
        (Areas(ignore=(rectangle(0, 150, 400, 150),)), True),
        (Areas(regions=(rectangle(0, 0, 400, 120),), ignore=(rectangle(0, 20, 400, 120),)), False),
    ],
)
@pytest.mark.parametrize("signal", ["changed", "notebook"])
def test_only_what_moves_in_a_region_and_not_in_ignore_counts(
    areas: Areas, *, counts: bool, signal: Literal["changed", "notebook"]
) -> None:
    motions = measured(camera(mover, fps=15, seconds=4, noise=0), MotionSettings(signal), areas)
    assert (max(motion.value for motion in motions) > 0) == counts


def test_regions_are_in_pixels_of_the_source() -> None:
    frames = list(camera(mover, fps=15, seconds=3, noise=0))
    meter = MotionMeter(MotionSettings(), 1920, 1080, Areas(regions=(rectangle(0, 0, 1920, 432),)))
    small = MotionMeter(MotionSettings(), 400, 300, Areas(regions=(rectangle(0, 0, 400, 120),)))
    assert [meter.measure(*frame).value for frame in frames] == [
        small.measure(*frame).value for frame in frames
    ]


def test_another_analysis_size_sees_the_same() -> None:
    meter = MotionMeter(MotionSettings(width_px=320, height_px=180), 1280, 720)
    motions = [
        meter.measure(pts_s, np.asarray(cv2.resize(luma, (320, 180)), np.uint8))
        for pts_s, luma in camera(lambda t: mover(t) if 1 < t < 3 else street(), fps=15, seconds=5)
    ]
    assert len(above(motions, 1.1, 3.0)) > 25
    assert above(motions, 0.0, 1.0) == above(motions, 3.5) == []


def test_the_notebook_signal_counts_pixels_brighter_than_before() -> None:
    frames = list(camera(mover, fps=15, seconds=2))
    motions = measured(iter(frames), MotionSettings(signal="notebook"))
    blurred = [cv2.blur(luma, (9, 9)) for _, luma in frames]
    expected = [cv2.countNonZero(cv2.subtract(b, a)) for a, b in pairwise(blurred)]
    assert [motion.value for motion in motions] == [0, *expected]


def test_noise_alone_does_not_raise_the_notebook_signal_above_its_threshold() -> None:
    scene = street()
    for noise in (1, 4, 8):
        frames = camera(lambda _: scene, noise=noise, seconds=2)
        motions = measured(frames, MotionSettings(signal="notebook"))
        assert above(motions) == []
        assert motions[-1].floor == pytest.approx(motions[-1].value, rel=0.4)


@pytest.mark.parametrize(
    ("settings", "areas", "message"),
    [
        (MotionSettings(), Areas(regions=(((10, 10), (20, 10)),)), "2 points"),
        (MotionSettings(), Areas(ignore=(rectangle(0, 0, 400, 300),)), "nothing"),
        (MotionSettings(), Areas(regions=(rectangle(500, 0, 50, 50),)), "nothing"),
        (MotionSettings(width_px=20), Areas(), "too small"),
    ],
)
def test_settings_that_leave_nothing_to_measure_are_refused(
    settings: MotionSettings, areas: Areas, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        MotionMeter(settings, WIDTH, HEIGHT, areas)


def test_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        MotionMeter(MotionSettings(), WIDTH, HEIGHT).measure(0.0, np.zeros((10, 10), np.uint8))


def decoded(name: str) -> Iterator[tuple[float, Luma]]:
    with av.open(str(MEDIA / name)) as container:
        for frame in container.decode(video=0):
            plane = frame.planes[0]
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            luma = rows[: frame.height, : frame.width]
            small = cv2.resize(luma, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
            yield float(frame.time or 0.0), small.astype(np.uint8, copy=False)


@cache
def clip(name: str) -> tuple[list[Motion], list[float]]:
    """Values of the meter and of plain differences of more than 8 grey levels for a clip's frames."""
    if not (MEDIA / name).exists():
        pytest.skip(f"needs {name}, which is not part of the project")
    meter = MotionMeter(MotionSettings(), WIDTH, HEIGHT)
    motions: list[Motion] = []
    plain: list[float] = []
    last: Luma | None = None
    for pts_s, luma in decoded(name):
        motions.append(meter.measure(pts_s, luma))
        plain.append(0.0 if last is None else float(np.count_nonzero(cv2.absdiff(luma, last) > 8)))
        last = luma
    return motions, plain


def auc(values: list[float], is_event: NDArray[np.bool_]) -> float:
    """The chance that an event's frame has a higher value than another."""
    event, other = np.asarray(values)[is_event, None], np.asarray(values)[~is_event]
    return float(np.mean((event > other) + 0.5 * (event == other)))


@pytest.mark.parametrize("name", EVENTS)
def test_the_signal_separates_events_better_than_plain_differences_do(name: str) -> None:
    motions, plain = clip(name)
    is_event = np.array([any(a <= m.pts_s <= b for a, b in EVENTS[name]) for m in motions])
    ours = auc([motion.value for motion in motions], is_event)
    assert ours >= auc(plain, is_event)
    assert ours > 0.99


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_of_a_clip_has_a_peak_and_hardly_a_peak_is_elsewhere(name: str) -> None:
    peaks = [peak.pts_s for window in windows(clip(name)[0]) for peak in window.peaks]
    near = [(start_s - 0.3, end_s + 0.3) for start_s, end_s in EVENTS[name]]
    assert all(any(a <= pts_s <= b for pts_s in peaks) for a, b in near)
    assert sum(not any(a <= pts_s <= b for a, b in near) for pts_s in peaks) <= 1


@pytest.mark.parametrize("name", ["vtest_pedestrians_480x360.mp4", "highway_video02.avi"])
def test_a_busy_place_is_never_quiet(name: str) -> None:
    motions = sorted(clip(name)[0], key=lambda motion: motion.pts_s)
    assert not any(window.quiet for window in windows(motions)[:-1])
