"""Sound in windows: a noise in the dark, in step with the picture, with a picture of its own."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from analyzer.signal.settings import SoundSettings, WindowSettings
from analyzer.signal.window import Window
from livereel.camera.capture import Capture
from livereel.camera.clips import BufferClips, FileClips
from stream.media.file import open_media
from stream.open import open_source
from tests.kit.films.numbered import film
from tests.kit.sound import made
from tests.kit.sound.film import SIZE, Grey, dark, film_with_sound
from tests.kit.sound.spoken import ESPEAK, spoken

CRASH_S = 34.56
SENTENCES = "Good morning everybody, welcome to the meeting.", "Please close the door behind you."


def windows_of(path: Path, tmp_path: Path, settings: WindowSettings | None = None) -> list[Window]:
    """The windows of a file, with keyframes' pictures."""
    settings = settings or WindowSettings(keyframe_px=160)
    with closing(open_source(str(path))) as source:
        capture = Capture(source, "front", settings, FileClips(path), tmp_path / "keyframes")
        return [item for item in capture.run() if isinstance(item, Window)]


@pytest.mark.parametrize(("codec", "suffix"), [("aac", "mp4"), ("aac", "ts"), ("pcm_mulaw", "mov")])
def test_a_crash_in_the_dark_is_the_only_active_window(tmp_path: Path, codec: str, suffix: str) -> None:
    sound = made.mixed(made.fan(60), (CRASH_S, made.crash(-15)))
    path = film_with_sound(tmp_path / f"dark.{suffix}", sound, codec=codec)
    found = windows_of(path, tmp_path)
    (active,) = [window for window in found if not window.quiet]
    assert len(found) == 6
    assert active.index == 3
    assert active.peaks == ()
    assert active.clip is not None
    assert active.sound is not None
    (peak,) = active.sound.peaks
    assert peak.pts_s == pytest.approx(CRASH_S, abs=0.04)
    assert peak.rise_db == pytest.approx(25, abs=6)
    (keyframe,) = active.keyframes
    assert keyframe.pts_s == pytest.approx(CRASH_S, abs=0.11)  # the nearest of five frames a second
    assert keyframe.sound == peak.strength
    assert keyframe.file is not None
    assert keyframe.file.exists()


def test_the_picture_of_a_noise_is_that_of_its_time(tmp_path: Path) -> None:
    """The picture grows lighter too slowly to count as motion; its grey shows the time."""

    def slowly_lighter(at_s: float) -> Grey:
        return np.full(SIZE[::-1], 40 + round(3 * at_s), np.uint8)

    sound = made.mixed(made.fan(20), (7.4, made.crash(-10)))
    path = film_with_sound(tmp_path / "dawn.mp4", sound, fps=10, picture=slowly_lighter)
    keyframes = [k for window in windows_of(path, tmp_path) for k in window.keyframes if k.sound]
    (keyframe,) = keyframes
    jpeg = cv2.imread(str(keyframe.file), cv2.IMREAD_GRAYSCALE)
    assert jpeg is not None
    assert keyframe.pts_s == pytest.approx(7.4, abs=0.06)
    assert float(jpeg.mean()) == pytest.approx(40 + 3 * keyframe.pts_s, abs=5)


@pytest.mark.parametrize(("sound", "container"), [("aac", "mp4"), ("aac", "mpegts"), ("mp2", "mpegts")])
def test_a_clap_and_its_flash_have_the_same_time(tmp_path: Path, sound: str, container: str) -> None:
    """Within 40 ms, in media time and so in clips and reels."""
    path = film(tmp_path / f"claps.{container}", seconds=8.0, container=container, sound=sound)
    (window,) = windows_of(path, tmp_path)
    assert window.sound is not None
    claps = [peak.pts_s for peak in window.sound.peaks]
    assert claps == [pytest.approx(at_s, abs=0.04) for at_s in (1, 2, 3, 4, 5, 6, 7)]


def test_sound_that_is_not_wanted_is_not_measured(tmp_path: Path) -> None:
    path = film_with_sound(tmp_path / "dark.mp4", made.mixed(made.fan(12), (5.0, made.crash(-15))))
    settings = WindowSettings(sound=SoundSettings(enabled=False))
    assert all(window.quiet and window.sound is None for window in windows_of(path, tmp_path, settings))


def test_a_film_without_sound_has_none(tmp_path: Path) -> None:
    path = film(tmp_path / "silent.mp4", seconds=2.0)
    assert [window.sound for window in windows_of(path, tmp_path)] == [None]


def test_a_noise_with_movement_marks_the_keyframe_of_the_movement(tmp_path: Path) -> None:
    def flash(at_s: float) -> Grey:
        picture = dark(at_s)
        if 5.0 <= at_s < 5.6:
            picture[30:90, 40:80] = 230
        return picture

    sound = made.mixed(made.fan(10), (5.0, made.crash(-15)))
    (window,) = windows_of(film_with_sound(tmp_path / "bang.mp4", sound, fps=10, picture=flash), tmp_path)
    marked = [keyframe for keyframe in window.keyframes if keyframe.sound]
    assert len(marked) == 1
    assert marked[0].value > window.threshold


def test_the_clip_of_a_noise_is_cut_from_the_buffer_with_its_sound(tmp_path: Path) -> None:
    path = film_with_sound(tmp_path / "dark.ts", made.mixed(made.fan(30), (19.9, made.crash(-15))))
    with closing(open_source(str(path))) as source:
        clips = BufferClips(source, tmp_path / "clips", 10.0)
        found = list(Capture(source, "a", WindowSettings(), clips, None).windows())
    (active,) = [item for item in found if isinstance(item, Window) and not item.quiet]
    assert active.clip is not None
    assert (active.start_s, active.end_s) == (10.0, 20.0)
    with open_media(active.clip.path) as media:
        assert media.streams.audio


def test_windows_with_sound_keep_their_order_and_names(tmp_path: Path) -> None:
    path = film_with_sound(tmp_path / "dark.mp4", made.fan(25))
    found = windows_of(path, tmp_path, replace(WindowSettings(), window_s=2.0))
    assert [window.index for window in found] == list(range(13))
    assert len({window.id for window in found}) == 13


def meeting(path: Path) -> Path:
    """Half a minute in the dark: a sentence over the border of two windows, another in the third."""
    first, second = (made.at_level(spoken(text).astype(np.float64), -30) for text in SENTENCES)
    return film_with_sound(path, made.mixed(made.fan(30), (8.6, first), (22.0, second)))


@pytest.mark.skipif(ESPEAK is None, reason="espeak-ng is not installed")
def test_speech_makes_a_window_active_only_where_it_counts(tmp_path: Path) -> None:
    """Without loud noises: a talk begins gently, and is no peak by itself."""
    path = meeting(tmp_path / "meeting.mp4")
    sound = SoundSettings(min_rise_db=40, changes=False)
    quiet = windows_of(path, tmp_path, WindowSettings(keyframe_px=160, sound=sound))
    assert [window.quiet for window in quiet] == [True, True, True]
    counts = replace(sound, speech_counts=True)
    active = windows_of(path, tmp_path, WindowSettings(keyframe_px=160, sound=counts))
    assert [window.quiet for window in active] == [False, False, False]
    for before, window in zip(quiet, active, strict=True):
        assert window.sound is not None
        assert window.sound == before.sound
        assert window.sound.peaks == ()
        (keyframe,) = window.keyframes
        assert keyframe.file is not None
        assert any(it.start_s - 0.3 <= keyframe.pts_s <= it.end_s for it in window.sound.speech)
