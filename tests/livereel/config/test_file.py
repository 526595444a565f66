"""A configuration file: what it says holds, and each mistake is named with its file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from livereel.camera.settings import CameraSettings
from livereel.config.file import load
from livereel.config.schema import Config, ConfigError


def loaded(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return load(file)


def problem(tmp_path: Path, text: str) -> str:
    """What is said of the file, less its name."""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(str(tmp_path / "config.yaml"))
    return said.removeprefix(str(tmp_path / "config.yaml"))


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n", "---\n"])
def test_an_empty_file_is_all_defaults(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text) == Config()


def test_what_is_said_holds_and_the_rest_keeps_its_default(tmp_path: Path) -> None:
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


PROBLEMS = {
    "an option that there is not": ("reel:\n  hold_s: 1\n  evry_s: 3\n", ":3: reel.evry_s: no such option"),
    "a section that there is not": ("# first\nreal: {}\n", ":2: real: no such option"),
    "an option of a camera": (
        "cameras:\n  - name: a\n    source: x\n    fps: 3\n",
        ":4: cameras.0.fps: no such option",
    ),
    "a number as a key": ("window_s: 5\n1: 3\n", ":2: 1: no such option"),
    "a key that is there twice": ("window_s: 5\nwindow_s: 20\n", ":2: window_s: is there already, in line 1"),
    "a key twice in a section": (
        "reel: {hold_s: 1,\n hold_s: 2}\n",
        ":2: reel.hold_s: is there already, in line 1",
    ),
    "too little": ("window_s: 0\n", ":1: window_s: input should be greater than or equal to 1"),
    "too much": ("window_s: 601\n", ":1: window_s: input should be less than or equal to 600"),
    "no number": ("window_s: .nan\n", ":1: window_s: input should be a finite number"),
    "no end": ("\nreel:\n  horizon_s: .inf\n", ":3: reel.horizon_s: input should be a finite number"),
    "a word for a number": ("window_s: long\n", ":1: window_s: input should be a valid number"),
    "a choice that there is not": ("reel: {style: film}\n", ":1: reel.style: input should be 'clips' or"),
    "a camera without a source": ("cameras:\n  - name: a\n", ":2: cameras.0.source: field required"),
    "a name for a path": ("cameras:\n- {name: a/b, source: x}\n", ":2: cameras.0.name: only letters"),
    "a name that is taken": ("cameras: [{name: all, source: x}]\n", ":1: cameras.0.name: is the name of"),
    "two cameras of one name": (
        "cameras:\n- {name: a, source: x}\n- {name: a, source: y}\n",
        ":3: cameras.1.name: there are two",
    ),
    "a region of three numbers": (
        "cameras: [{name: a, source: x, regions: [[1, 2, 3]]}]\n",
        ":1: cameras.0.regions.0",
    ),
    "a region in no picture": (
        "cameras: [{name: a, source: x, regions: [[1, 2, 3, 1.0e+9]]}]\n",
        ":1: cameras.0.regions.0",
    ),
    "fewer than none": ("reel: {min_chapters: 11}\n", ":1: reel: value error, min_chapters (11) must"),
    "nothing in the environment": (
        'window_s: 5\ncameras:\n- {name: a, source: "rtsp://x:${LIVEREEL_NO_SUCH}@y"}\n',
        ":3: cameras.0.source: the environment has no LIVEREEL_NO_SUCH",
    ),
    "a list": ("- a\n", ":1: expected options as 'key: value' lines"),
    "a word": ("hello\n", ":1: expected options as 'key: value' lines"),
    "no YAML": ("a: b\nc: d: e\n", ":2: not YAML"),
    "a tab": ("reel:\n\thold_s: 1\n", ":2: not YAML"),
    "an object": ("data: !!python/object:os.system {}\n", ":1: not YAML"),
    "an alias to itself": ("data: &a [*a]\n", ": an alias in it refers to itself"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_a_mistake_is_named_with_its_line_and_key(tmp_path: Path, text: str, said: str) -> None:
    assert problem(tmp_path, text).startswith(said)


def test_a_secret_of_the_environment_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEREEL_SECRET", "geheim")
    assert "geheim" not in problem(tmp_path, 'window_s: "${LIVEREEL_SECRET}"\n')


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path)
    (tmp_path / "binary.yaml").write_bytes(b"window_s: \xff\xfe")
    with pytest.raises(ConfigError, match="not a text file"):
        load(tmp_path / "binary.yaml")


def test_only_a_picture_on_a_web_server_is_polled(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("cameras:\n- name: front\n  source: rtsp://10.0.0.5/main\n  poll_s: 5\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(caught.value) == (
        f"{file}:4: cameras.0.poll_s: is for a picture at an http:// or https:// address"
    )
    file.write_text("cameras:\n- name: front\n  source: https://10.0.0.5/snap.jpg\n  poll_s: 5\n")
    assert load(file).cameras[0].poll_s == 5.0
