"""What the user asked for, in the terms of the rooms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.reel.choose import ChooseRules
from analyzer.reel.compile import ReelSettings
from analyzer.signal.motion import MotionSettings, rectangle
from analyzer.signal.window import WindowSettings
from livereel.config.options import Options, read_options
from livereel.config.schema import CameraConfig, Config, ConfigError, MotionConfig, PeaksConfig, ReelConfig


def test_defaults_are_the_rooms_own() -> None:
    """The defaults of each package are the defaults of the configuration."""
    options = read_options(None, [], [])
    assert options.windows(pictures=False) == WindowSettings()
    assert options.rules() == ChooseRules()
    assert options.reel(media_time=False) == ReelSettings()


def test_every_option_of_windows_and_reels_arrives() -> None:
    config = Config(
        window_s=7.0,
        motion=MotionConfig("notebook", 200, 100, 15.0),
        peaks=PeaksConfig(0.3, 4, 6),
        reel=ReelConfig(min_chapters=2, max_chapters=3, style="keyframes", hold_s=1.5, max_early_s=0.2),
    )
    options = Options(config)
    assert options.windows(pictures=True) == WindowSettings(
        7.0, MotionSettings("notebook", 200, 100), 0.3, 4, 6, keyframe_px=640, max_fps=15.0
    )
    assert options.rules() == ChooseRules(2, 3)
    assert options.reel(media_time=True) == ReelSettings("keyframes", 1.5, 0.2, media_time=True)


def test_the_notebooks_signal_measures_every_frame_by_default() -> None:
    assert Options(Config(motion=MotionConfig("notebook"))).windows(pictures=False).max_fps is None
    assert (
        Options(Config(motion=MotionConfig("notebook", max_fps=5.0))).windows(pictures=False).max_fps == 5.0
    )


def test_pictures_are_made_only_where_they_are_wanted() -> None:
    assert Options(Config()).windows(pictures=False).keyframe_px is None
    assert Options(Config()).windows(pictures=True).keyframe_px == 640


def test_regions_of_the_command_line_are_source_pixels() -> None:
    options = read_options(None, ["0,0,640,360", "10, 20, 30, 40"], ["1,2,3,4"])
    motion = options.windows(pictures=False).motion
    assert motion.regions == (rectangle(0, 0, 640, 360), rectangle(10, 20, 30, 40))
    assert motion.ignore == (rectangle(1, 2, 3, 4),)


def test_what_the_command_line_ignores_is_ignored_on_every_camera() -> None:
    options = read_options(None, [], ["1,2,3,4"])
    camera = CameraConfig("front", "x", ignore=((5.0, 6.0, 7.0, 8.0),))
    assert options.for_camera(camera).ignore == (rectangle(1, 2, 3, 4), rectangle(5, 6, 7, 8))


def test_a_cameras_own_regions_are_its_own() -> None:
    corners = ((0.0, 0.0), (10.0, 0.0), (5.0, 8.0))
    camera = CameraConfig("front", "x", regions=((1.0, 2.0, 3.0, 4.0), corners), ignore=(corners,))
    options = Options(Config()).for_camera(camera)
    assert options.regions == (rectangle(1, 2, 3, 4), corners)
    assert options.ignore == (corners,)


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "1.5,0,5,5", "", "1,2,3,4,5"])
@pytest.mark.parametrize("option", ["--region", "--ignore"])
def test_four_whole_numbers_are_wanted(option: str, text: str) -> None:
    given = ([text], []) if option == "--region" else ([], [text])
    with pytest.raises(ConfigError, match=f"{option} .*expected four whole numbers"):
        read_options(None, *given)


@pytest.mark.parametrize("text", ["-1,0,5,5", "0,-1,5,5", "0,0,0,5", "0,0,5,0", "0,0,99999999999999999999,1"])
def test_a_place_in_no_picture_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        read_options(None, [text], [])


def test_the_command_line_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "reel: {style: keyframes, hold_s: 2}\ndescribe: {kind: openai, model: a, profile: movie}\n"
    )
    options = read_options(file, [], [])
    assert options.with_style(None).config == options.config
    assert options.with_style("clips").config.reel == replace(options.config.reel, style="clips")
    assert options.with_words(None).config == options.config
    words = options.with_words("vllm", "b", "http://10.0.0.9/v1", "sports").config.describe
    assert (words.kind, words.model, words.base_url, words.profile) == (
        "vllm",
        "b",
        "http://10.0.0.9/v1",
        "sports",
    )
    assert options.with_words("vllm").config.describe.profile == "movie"
    assert options.with_reel_every(15.0).config.reel == replace(options.config.reel, every_s=15.0)
