"""A configuration file: what it says holds, and each mistake is named with its file, line and key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import pytest

from analyzer.describe.model.text_model import DESCRIBING, SELECTING
from livereel.camera.settings import CameraSettings
from livereel.config.expected import EXAMPLES, expected
from livereel.config.file import load
from livereel.config.schema import Config, ConfigError
from livereel.reels.settings import NamedReel


def loaded(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return load(file)


def problem(tmp_path: Path, text: str) -> str:
    """The error message, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(str(tmp_path / "config.yaml"))
    return said.removeprefix(str(tmp_path / "config.yaml"))


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n", "---\n"])
def test_an_empty_file_is_all_defaults(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text) == Config()


def test_options_in_the_file_hold_and_others_keep_their_default(tmp_path: Path) -> None:
    config = loaded(tmp_path, "window_s: 5\nreel:\n  style: keyframes\n  hold_s: 1\n")
    assert config.window_s == 5.0
    assert (config.reel.style, config.reel.hold_s, config.reel.max_chapters) == ("keyframes", 1.0, 10)
    assert config.motion == Config().motion


def test_cameras_with_rectangles_and_polygons(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
cameras:
  - name: front
    source: rtsp://10.0.0.5/main
    regions: [[0, 0, 640, 360], [[0, 0], [10, 0], [5, 8.5]]]
    ignore: [[1, 2, 3, 4]]
  - {name: back, source: film.mp4}
""",
    )
    front, back = config.cameras
    assert front.regions == ((0.0, 0.0, 640.0, 360.0), ((0.0, 0.0), (10.0, 0.0), (5.0, 8.5)))
    assert front.ignore == ((1.0, 2.0, 3.0, 4.0),)
    assert back == CameraSettings("back", "film.mp4")


def test_the_environment_fills_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", "p@ss: ${HOME} #1")
    monkeypatch.setenv("CHAPTERS", "12")
    config = loaded(
        tmp_path,
        """
cameras: [{name: front, source: "rtsp://admin:${CAMERA_PASSWORD}@10.0.0.5/${CHAPTERS}"}]
reel: {max_chapters: "${CHAPTERS}"}
""",
    )
    assert config.cameras[0].source == "rtsp://admin:p@ss: ${HOME} #1@10.0.0.5/12"
    assert config.reel.max_chapters == 12


def test_text_that_only_looks_like_a_reference_stays(tmp_path: Path) -> None:
    config = loaded(tmp_path, 'cameras: [{name: front, source: "a$HOME{b}$$.mp4"}]')
    assert config.cameras[0].source == "a$HOME{b}$$.mp4"


@pytest.mark.parametrize(
    ("text", "said"),
    {
        "an object": ("data: !!python/object:os.system {}\n", ":1: not YAML"),
        "an alias to itself": ("data: &a [*a]\n", ": an alias in it refers to itself"),
        "a word": ("hello\n", ":1: expected options as 'key: value' lines"),
    }.values(),
)
def test_what_is_no_configuration_is_said_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    assert problem(tmp_path, text).startswith(said)


@pytest.mark.parametrize("text", ["reel:\n  # hold_s: 1\n", "cameras:\n", "describe: {extra_body: }\n"])
def test_a_section_of_comments_alone_is_at_its_defaults(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text) == Config()


def test_a_part_of_how_tokens_are_drawn_leaves_the_rest(tmp_path: Path) -> None:
    describe = loaded(tmp_path, "describe: {describing: {temperature: 0.5}}\n").describe
    assert describe.describing == replace(DESCRIBING, temperature=0.5)
    assert describe.selecting == SELECTING


def text_of_examples() -> str:
    """A file in which each option that has an example is set to it."""

    def of(kind: type, indent: str) -> Iterator[str]:
        for option, hint in get_type_hints(kind, include_extras=True).items():
            if isinstance(hint, type) and is_dataclass(hint):
                yield f"{indent}{option}:"
                yield from of(hint, indent + "  ")
            elif get_args(hint)[:1] == (NamedReel,):
                yield "reels:"
                yield f"- {EXAMPLES['reels']}"
                yield from item(
                    [line for line in of(NamedReel, "") if not line.startswith("every_s:")], "day"
                )
                own = [line for line in of(NamedReel, "") if not line.startswith(("at:", "timezone:"))]
                yield from item(own, "door")
            elif get_origin(hint) is tuple and is_dataclass(get_args(hint)[0]):
                yield f"{indent}{option}:"
                yield from item(list(of(get_args(hint)[0], indent)))
            elif option in EXAMPLES:
                yield f"{indent}{option}: {expected(option, hint).partition('such as ')[2]}"

    def item(lines: list[str], name: str = "front") -> Iterator[str]:
        for number, line in enumerate(lines):
            yield ("  " if number else "- ") + (f"name: {name}" if line.startswith("name:") else line)

    return "\n".join(of(Config, "")) + "\n"


def test_each_example_that_a_message_gives_may_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MQTT_PASSWORD", "sesame")
    monkeypatch.setenv("LIVEREEL_TOKEN", "sesame-open-the-door")
    text = text_of_examples().replace("rtsp://10.0.0.5/main", "http://10.0.0.5/snap.jpg")  # polled
    config = loaded(tmp_path, text)
    assert config.cameras[0].tell_me_when == ("the gate stands open",)
    assert [reel.at for reel in config.reels] == ["20:00", "20:00", None]
    assert set(EXAMPLES) <= set(re.findall(r"(\w+):", text))


def test_each_option_without_a_default_has_an_example() -> None:
    def bare(settings: object) -> Iterator[str]:
        for option in getattr(settings, "__dataclass_fields__", {}):
            value = getattr(settings, option)
            if is_dataclass(value):
                yield from bare(value)
            elif value in (None, "", (), {}):
                yield option

    named = {"stamp", "style"}  # what they may be is named in full
    options = {*bare(Config()), *bare(CameraSettings("", "")), *bare(NamedReel(""))}
    assert options - named <= set(EXAMPLES)


def test_a_file_that_cannot_be_read_is_an_error_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path)
    (tmp_path / "binary.yaml").write_bytes(b"window_s: \xff\xfe")
    with pytest.raises(ConfigError, match="not a text file"):
        load(tmp_path / "binary.yaml")


def test_a_picture_on_a_web_server_is_polled(tmp_path: Path) -> None:
    config = loaded(tmp_path, "cameras: [{name: a, source: https://10.0.0.5/snap.jpg, poll_s: 5}]\n")
    assert config.cameras[0].poll_s == 5.0
