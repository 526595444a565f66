"""The options of a command, as the settings of each package."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.describe.settings import DescribeKind, DescribeSettings
from analyzer.signal.settings import MotionSettings, PeakSettings, SoundSettings, WindowSettings, rectangle
from livereel.camera.settings import CameraSettings, CameraSound
from livereel.config.options import Options, read_options
from livereel.config.schema import Config, ConfigError, UsageError


def test_defaults_are_those_of_each_package() -> None:
    """The defaults of each package are the defaults of the configuration."""
    options = read_options(None, [], [])
    assert options.windows(pictures=False) == WindowSettings()


def test_every_option_of_windows_arrives() -> None:
    motion, peaks = MotionSettings("notebook", 200, 100, 15.0), PeakSettings(0.3, 4, 6)
    options = Options(Config(window_s=7.0, motion=motion, peaks=peaks))
    assert options.windows(pictures=True) == WindowSettings(7.0, motion, peaks, keyframe_px=640)


def test_the_notebooks_signal_measures_every_frame_unless_it_is_set() -> None:
    assert MotionSettings("changed").measured_fps == 15.0
    assert MotionSettings("notebook").measured_fps is None
    assert MotionSettings("notebook", max_fps=5.0).measured_fps == 5.0


def test_pictures_are_made_only_where_they_are_wanted() -> None:
    assert Options(Config()).windows(pictures=False).keyframe_px is None
    assert Options(Config()).windows(pictures=True).keyframe_px == 640


def test_regions_of_the_command_line_are_source_pixels() -> None:
    options = read_options(None, ["0,0,640,360", "10, 20, 30, 40"], ["1,2,3,4"])
    areas = options.windows(pictures=False).areas
    assert areas.regions == (rectangle(0, 0, 640, 360), rectangle(10, 20, 30, 40))
    assert areas.ignore == (rectangle(1, 2, 3, 4),)


def test_what_the_command_line_ignores_is_ignored_on_every_camera() -> None:
    options = read_options(None, [], ["1,2,3,4"])
    camera = CameraSettings("front", "x", ignore=((5.0, 6.0, 7.0, 8.0),))
    assert options.for_camera(camera).areas.ignore == (rectangle(1, 2, 3, 4), rectangle(5, 6, 7, 8))


def test_a_cameras_own_regions_are_its_own() -> None:
    corners = ((0.0, 0.0), (10.0, 0.0), (5.0, 8.0))
    camera = CameraSettings("front", "x", regions=((1.0, 2.0, 3.0, 4.0), corners), ignore=(corners,))
    areas = Options(Config()).for_camera(camera).areas
    assert areas.regions == (rectangle(1, 2, 3, 4), corners)
    assert areas.ignore == (corners,)


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
    assert options.with_describer(None).config == options.config
    words = options.with_describer("vllm", "b", "http://10.0.0.9/v1", "sports").config.describe
    assert (words.kind, words.model, words.base_url, words.profile) == (
        "vllm",
        "b",
        "http://10.0.0.9/v1",
        "sports",
    )
    assert options.with_describer("vllm").config.describe.profile == "movie"
    assert options.with_reel_every(15.0).config.reel == replace(options.config.reel, every_s=15.0)


@pytest.mark.parametrize("kind", [None, "vllm"])
def test_a_profile_that_there_is_not_is_wrong_usage_with_a_model_or_without(
    kind: DescribeKind | None,
) -> None:
    options = Options(Config(describe=DescribeSettings(profiles={"zoo": "the apes"})))
    assert options.with_describer(kind, profile="zoo").config.describe.profile == "zoo"
    known = "meeting, movie, sports, surveillance, wildlife, zoo"
    with pytest.raises(UsageError, match=f"^--profile sport: no such profile; there are {known}$"):
        options.with_describer(kind, profile="sport")


@pytest.mark.parametrize(
    ("own", "profile", "all_cameras", "counts"),
    [
        (None, "meeting", None, True),
        (None, "surveillance", None, None),
        (False, "meeting", None, False),
        (None, "surveillance", True, True),
        (False, "surveillance", True, False),
    ],
)
def test_speech_counts_with_the_profile_of_a_meeting_or_where_it_is_asked_for(
    *, own: bool | None, profile: str, all_cameras: bool | None, counts: bool | None
) -> None:
    camera = CameraSettings("front", "x", profile=profile, sound=CameraSound(speech_counts=own))
    options = Options(Config(sound=SoundSettings(speech_counts=all_cameras)))
    assert options.for_camera(camera).windows(pictures=True).sound.speech_counts is counts
