"""What moves and is as bright as its ground is seen by its colour; a change of all colours is no motion."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from analyzer.signal.motion import MotionMeter
from analyzer.signal.settings import MotionSettings, WindowSettings
from analyzer.signal.window import Window
from livereel.camera.capture import Capture
from livereel.camera.clips import NoClips
from stream.av_source import AvSource
from stream.frames.decoder import FrameDecoder

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
WIDTH, HEIGHT = 640, 360
GREEN, RED, BLUE = (80, 90), (90, 180), (170, 110)  # U and V
LUMA = 110


def still() -> Planes:
    """A green meadow, everywhere as bright, with a few patches of other colours."""
    rng = np.random.default_rng(2)
    u = np.full((HEIGHT // 2, WIDTH // 2), GREEN[0], np.uint8)
    v = np.full((HEIGHT // 2, WIDTH // 2), GREEN[1], np.uint8)
    for _ in range(12):
        y, x = rng.integers(0, HEIGHT // 2 - 20), rng.integers(0, WIDTH // 2 - 30)
        u[y : y + 18, x : x + 25], v[y : y + 18, x : x + 25] = rng.integers(70, 180, 2)
    return np.full((HEIGHT, WIDTH), LUMA, np.uint8), u, v


def film(
    path: Path, at: Callable[[float], Planes], *, seconds: float = 10, fps: int = 25, crf: int = 23
) -> Path:
    with av.open(path, "w") as out:
        options = {"preset": "ultrafast", "tune": "zerolatency", "g": "50", "crf": str(crf)}
        video = out.add_stream("libx264", rate=fps, options=options)
        assert isinstance(video, VideoStream)  # by its codec
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.time_base = Fraction(1, fps)
        for nth in range(round(seconds * fps)):
            y, u, v = at(nth / fps)
            planes = np.concatenate([y, u.reshape(-1, WIDTH), v.reshape(-1, WIDTH)])
            frame = VideoFrame.from_ndarray(planes, "yuv420p")
            frame.pts, frame.time_base = nth, video.codec_context.time_base
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


def watched(path: Path, settings: WindowSettings | None = None) -> list[Window]:
    with AvSource(str(path)) as source:
        capture = Capture(source, "film", settings or WindowSettings(), NoClips(), None)
        return [item for item in capture.windows() if isinstance(item, Window)]


def crossing(colour: tuple[int, int], size: tuple[int, int]) -> Callable[[float], Planes]:
    """From 3 to 7 s a box of this colour, as bright as all else, crosses from left to right."""

    def at(at_s: float) -> Planes:
        y, u, v = still()
        if 3 <= at_s < 7:
            left = round((at_s - 3) / 4 * (WIDTH // 2 - size[0] // 2))
            place = (slice(60, 60 + size[1] // 2), slice(left, left + size[0] // 2))
            u[place], v[place] = colour
        return y, u, v

    return at


@pytest.mark.parametrize("fps", [5, 10, 30])
@pytest.mark.parametrize("size", [(30, 60), (60, 90)])
@pytest.mark.parametrize("colour", [RED, BLUE])
def test_a_mover_as_bright_as_its_ground_is_seen(
    tmp_path: Path, colour: tuple[int, int], size: tuple[int, int], fps: int
) -> None:
    (window,) = watched(film(tmp_path / "film.mp4", crossing(colour, size), fps=fps))
    assert not window.quiet
    assert all(3 <= peak.pts_s <= 7.5 for peak in window.peaks)
    mover = window.activity.movers[0]
    assert mover.start_s == pytest.approx(3, abs=0.6)
    assert mover.end_s == pytest.approx(7, abs=0.6)
    assert (mover.x0 < 0.2, mover.x1 > 0.8) == (True, True)


def noisy(at: Callable[[float], Planes], sd: float) -> Callable[[float], Planes]:
    """The same with a sensor's noise of so many levels, in colour a little less."""
    rng = np.random.default_rng(4)
    bank = [rng.standard_normal((HEIGHT, WIDTH), np.float32) for _ in range(7)]

    def noise(plane: NDArray[np.uint8], sd: float) -> NDArray[np.uint8]:
        rows, columns = plane.shape
        shift = (int(rng.integers(HEIGHT)), int(rng.integers(WIDTH)))
        grain = np.roll(bank[rng.integers(len(bank))], shift, (0, 1))[:rows, :columns]
        return np.clip(plane + sd * grain, 0, 255).astype(np.uint8)

    def noised(at_s: float) -> Planes:
        y, u, v = at(at_s)
        return noise(y, sd), noise(u, 0.8 * sd), noise(v, 0.8 * sd)

    return noised


def plain(at_s: float) -> Planes:
    """The meadow alone; from 3 to 7 s a red box as bright as it crosses from left to right."""
    y, u, v = (np.full((HEIGHT >> k, WIDTH >> k), n, np.uint8) for k, n in ((0, LUMA), (1, 80), (1, 90)))
    if 3 <= at_s < 7:
        left = round((at_s - 3) / 4 * (WIDTH // 2 - 20))
        u[70:105, left : left + 20], v[70:105, left : left + 20] = RED
    return y, u, v


def test_a_mover_of_another_colour_is_seen_through_strong_noise(tmp_path: Path) -> None:
    (window,) = watched(film(tmp_path / "film.mp4", noisy(plain, 7.0)))
    assert all(3 <= peak.pts_s <= 7.5 for peak in window.peaks)
    assert window.peaks[0].pts_s < 4
    assert window.peaks[-1].pts_s > 6


@pytest.mark.parametrize(("sd", "fps"), [(4.0, 12), (8.0, 25)])
def test_the_noise_that_a_coder_leaves_in_colours_is_quiet(tmp_path: Path, sd: float, fps: int) -> None:
    (window,) = watched(film(tmp_path / "film.mp4", noisy(lambda _: plain(0.0), sd), fps=fps, crf=28))
    assert window.quiet
    assert window.signal_max == 0


def test_a_still_picture_of_strong_colours_is_quiet(tmp_path: Path) -> None:
    (window,) = watched(film(tmp_path / "film.mp4", lambda _: still()))
    assert window.quiet
    assert window.signal_max == 0


def _balance(at_s: float) -> Planes:
    """White balance that wanders."""
    y, u, v = still()
    shift = np.sin(at_s)
    return y, (u + 12 * shift).astype(np.uint8), (v - 9 * shift).astype(np.uint8)


def _strength(at_s: float) -> Planes:
    """Exposure that pumps makes colours stronger and weaker."""
    y, u, v = still()
    gain = 1 + 0.2 * np.sin(2 * at_s)
    stronger = [(128 + (plane - 128.0) * gain).astype(np.uint8) for plane in (u, v)]
    return y, stronger[0], stronger[1]


def _night(at_s: float) -> Planes:
    """At 5 s the camera turns grey, as at night."""
    y, u, v = still()
    return (y, u, v) if at_s < 5 else (y, np.full_like(u, 128), np.full_like(v, 128))


@pytest.mark.parametrize("at", [_balance, _strength, _night], ids=["balance", "strength", "night"])
def test_a_change_of_all_colours_is_not_motion(tmp_path: Path, at: Callable[[float], Planes]) -> None:
    (window,) = watched(film(tmp_path / "film.mp4", at))
    assert window.quiet


@pytest.mark.parametrize("px_a_s", [20, 30, 35])
def test_a_camera_that_tilts_over_colours_counts_hardly_more_than_by_brightness(px_a_s: int) -> None:
    rng = np.random.default_rng(5)
    soft = [cv2.GaussianBlur(rng.normal(size=(600, 400)).astype(np.float32), (0, 0), sd) for sd in (8, 8, 8)]
    y, u, v = (
        np.clip(128 + plane / plane.std() * sd, 16, 240).astype(np.uint8)
        for plane, sd in zip(soft, (8, 30, 30), strict=True)
    )
    bright, coloured = (MotionMeter(MotionSettings(), 400, 300) for _ in range(2))
    sums = np.zeros(2)
    for nth in range(80):
        first = round(nth / 10 * px_a_s)
        luma = np.ascontiguousarray(y[first : first + 300])
        chroma = cv2.resize(cv2.merge([u, v])[first : first + 300], (66, 50), interpolation=cv2.INTER_AREA)
        sums += (
            bright.measure(nth / 10, luma).value,
            coloured.measure(nth / 10, luma, np.asarray(chroma, np.uint8)).value,
        )
    assert sums[1] <= 1.3 * sums[0] + 80 * 83  # that much each frame is quiet


@pytest.mark.parametrize("size", [(30, 60), (90, 120), (160, 200)])
def test_a_slow_mover_of_any_size_on_plain_ground_is_seen_by_its_colour(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    def at(at_s: float) -> Planes:
        y, u, v = (np.full((HEIGHT >> k, WIDTH >> k), n, np.uint8) for k, n in ((0, LUMA), (1, 80), (1, 90)))
        left = round(at_s * 10)
        place = (slice(40, 40 + size[1] // 2), slice(left, left + size[0] // 2))
        u[place], v[place] = RED
        return y, u, v

    (window,) = watched(film(tmp_path / "slow.mp4", at))
    assert not window.quiet
    assert window.activity.active_s > 4


def test_the_signal_of_the_notebook_is_that_of_brightness_alone(tmp_path: Path) -> None:
    settings = WindowSettings()
    notebook = WindowSettings(motion=type(settings.motion)(signal="notebook"))
    (window,) = watched(film(tmp_path / "film.mp4", crossing(RED, (60, 90))), notebook)
    assert window.quiet


@pytest.mark.parametrize(
    "pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuvj420p", "nv12", "yuv420p10le", "rgb24", "bgra"]
)
def test_the_chroma_of_a_frame_is_that_of_its_picture(pixel_format: str) -> None:
    image = VideoFrame.from_ndarray(np.full((HEIGHT, WIDTH, 3), (200, 40, 40), np.uint8), "rgb24")
    image = image.reformat(format=pixel_format)
    full = "JPEG" if pixel_format.startswith("yuvj") else "MPEG"
    wanted = image.reformat(format="yuv444p", dst_color_range=full).to_ndarray()[1:, 0, 0]
    image.pts, image.time_base = 0, Fraction(1, 25)
    with av.open("null", "w", format="null") as out:
        video = out.add_stream("rawvideo", rate=25)
        assert isinstance(video, VideoStream)  # by its codec
        video.width, video.height = WIDTH, HEIGHT
        (frame,) = FrameDecoder(video, 400, 300, chroma=True).take([image]).frames
    assert frame.chroma is not None
    assert frame.chroma.shape == (50, 66, 2)
    assert frame.chroma.reshape(-1, 2).mean(axis=0) == pytest.approx(wanted, abs=2)


def test_a_grey_picture_has_no_chroma() -> None:
    image = VideoFrame.from_ndarray(np.full((HEIGHT, WIDTH), 90, np.uint8), "gray")
    image.pts, image.time_base = 0, Fraction(1, 25)
    with av.open("null", "w", format="null") as out:
        video = out.add_stream("rawvideo", rate=25)
        assert isinstance(video, VideoStream)  # by its codec
        (frame,) = FrameDecoder(video, 400, 300, chroma=True).take([image]).frames
    assert frame.chroma is None
