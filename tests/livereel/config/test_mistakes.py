"""What is said of each mistake in a configuration: this table is what users read."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.describe.settings import DescribeSettings
from analyzer.reel.settings import ReelSettings
from analyzer.signal.settings import MotionSettings, PeakSettings
from livereel.camera.settings import CameraSettings
from livereel.config.file import load, parse
from livereel.config.schema import Config, ConfigError
from livereel.reels.settings import NamedReel
from livereel.storage.settings import RetentionSettings
from sinks.mqtt.settings import MqttSettings
from sinks.notify.settings import NotifySettings

AREA = "expected a rectangle [x, y, width, height], or at least three corners [[x, y], ...], in pixels"
CAMERA = "cameras:\n- name: a\n  source: x\n"
OF_CAMERA = (
    "name, source, detect_source, transport, loop, poll_s, regions, ignore, sound, profile, normal, "
    "tell_me_when, language"
)
SECTION = "expected options as 'key: value' lines, indented below it"
SECTIONS = (
    "data, cameras, window_s, motion, peaks, sound, describe, transcribe, reel, reels, mqtt, web, notify, "
    "store, retention"
)
PROFILES = "meeting, movie, sports, surveillance, wildlife"
REFERENCE = "a variable of the environment is written ${NAME}: letters, digits and _"
TEXT = "text (in quotes if it is a number, yes, no, on or off)"
LANGUAGE = 'expected the code of a language in small letters ("no" in quotes), or null, such as de'
ONE_LINE = "cameras: [{name: a, source: x, %s}]\n"

MISTAKES = {
    # Options that there are not
    "a letter too few": (
        "cameras:\n- name: a\n  sorce: x\n",
        ":3: cameras[0].sorce: no such option; did you mean source?",
    ),
    "a section with a letter wrong": ("# first\nreal: {}\n", ":2: real: no such option; did you mean reel?"),
    "a unit left out": ("reel:\n  every: 3\n", ":2: reel.every: no such option; did you mean every_s?"),
    "a dash": (
        "mqtt: {topic-prefix: a}\n",
        ":1: mqtt.topic-prefix: no such option; did you mean topic_prefix?",
    ),
    "an option of a section": ("hold_s: 3\n", ":1: hold_s: no such option; did you mean reel.hold_s?"),
    "an option of a camera": (
        "detect_source: x\n",
        ":1: detect_source: no such option; did you mean cameras[].detect_source?",
    ),
    "nothing like it": (
        "retention:\n  reserve: 3\n",
        ":2: retention.reserve: no such option; there are max_age_h, max_bytes, min_free_bytes",
    ),
    "an option that no camera has": (
        f"{CAMERA}  fps: 3\n",
        f":4: cameras[0].fps: no such option; there are {OF_CAMERA}",
    ),
    "a number as a key": (
        "1: 3\n",
        f":1: 1: no such option; there are {SECTIONS}",
    ),
    "a key that is there twice": (
        "window_s: 5\nwindow_s: 20\n",
        ":2: window_s: is there already, in line 1",
    ),
    # Numbers and quantities
    "too little": ("window_s: 0\n", ":1: window_s: expected a time from 1s to 10min, such as 10s"),
    "too much": ("window_s: 1h\n", ":1: window_s: expected a time from 1s to 10min, such as 10s"),
    "no number": ("window_s: .nan\n", ":1: window_s: expected a time from 1s to 10min, such as 10s"),
    "no end": (
        "\nreel:\n  horizon_s: .inf\n",
        ":3: reel.horizon_s: expected a time of at least 10s, such as 1h",
    ),
    "a word for a time": (
        "reel: {hold_s: long}\n",
        ":1: reel.hold_s: expected a time above 0, up to 1min, such as 400ms",
    ),
    "a time for a size": (
        "retention: {max_bytes: 7d}\n",
        ":1: retention.max_bytes: expected a size above 0, such as 20GB",
    ),
    "a size for a time": (
        "retention: {max_age_h: 7GB}\n",
        ":1: retention.max_age_h: expected a time above 0, such as 7d",
    ),
    "half a byte": (
        "retention: {min_free_bytes: 1.5}\n",
        ":1: retention.min_free_bytes: expected a size of at least 0, such as 2GB",
    ),
    "too few pixels": (
        "describe: {keyframe_px: 10}\n",
        ":1: describe.keyframe_px: expected a number of pixels from 64 to 4096, such as 640",
    ),
    "a port that there is not": (
        "mqtt: {port: 99999}\n",
        ":1: mqtt.port: expected a whole number from 1 to 65535, or null, such as 1883",
    ),
    "a port of the pages that there is not": (
        "web: {port: 99999}\n",
        ":1: web.port: expected a whole number from 0 to 65535, such as 8090",
    ),
    "pages for other machines without a token": (
        "web: {host: 10.0.0.5}\n",
        ":1: web.token: is needed where other machines can connect, as they can to 10.0.0.5",
    ),
    "a part of a section of a section": (
        "describe:\n  vllm: {memory_share: 90}\n",
        ":2: describe.vllm.memory_share: expected a number above 0, up to 1, such as 0.9",
    ),
    "yes for a number": (
        "peaks: {max_keyframes: yes}\n",
        ":1: peaks.max_keyframes: expected a whole number from 1 to 100, such as 12",
    ),
    "no frames a second": (
        "motion: {max_fps: 0}\n",
        ":1: motion.max_fps: expected a number of at least 1, or null, such as 15",
    ),
    # Words
    "a choice that there is not": ("reel: {style: film}\n", ":1: reel.style: expected clips or keyframes"),
    "one of three": (
        "describe: {pictures: movie}\n",
        ":1: describe.pictures: expected auto, video or images",
    ),
    "neither true nor false": ("mqtt: {tls: perhaps}\n", ":1: mqtt.tls: expected true or false"),
    "a number for a text": (
        "mqtt: {password: 1234}\n",
        f':1: mqtt.password: expected {TEXT}, or null, such as "${{MQTT_PASSWORD}}"',
    ),
    "a word that YAML takes for false": (
        "cameras: [{name: no, source: x}]\n",
        f":1: cameras[0].name: expected {TEXT}, such as front",
    ),
    "no text": (
        'cameras: [{name: a, source: ""}]\n',
        f":1: cameras[0].source: expected {TEXT}, such as rtsp://10.0.0.5/main",
    ),
    "the name of a language for its code": (
        "transcribe: {language: German}\n",
        f":1: transcribe.language: {LANGUAGE}",
    ),
    "a language and a country": ("transcribe: {language: de-DE}\n", f":1: transcribe.language: {LANGUAGE}"),
    "Norwegian, which YAML takes for false": (
        "transcribe: {language: no}\n",
        f":1: transcribe.language: {LANGUAGE}",
    ),
    "German by a model of English alone": (
        "transcribe: {kind: faster_whisper, model: small.en, language: de}\n",
        ":1: transcribe.language: small.en knows English alone; small knows other languages",
    ),
    # Lists and sections
    "a text for a list": (
        ONE_LINE % "tell_me_when: the gate is open",
        ':1: cameras[0].tell_me_when: expected a list, such as ["the gate stands open"]',
    ),
    "addresses for cameras": (
        "cameras:\n- rtsp://10.0.0.5/main\n",
        f":2: cameras[0]: {SECTION}, such as {{name: front, source: film.mp4}}",
    ),
    "one camera that is no list": (
        "cameras: {name: a, source: x}\n",
        ":1: cameras: expected a list, such as [{name: front, source: film.mp4}]",
    ),
    "a list for a section": (
        "peaks: []\n",
        f":1: peaks: {SECTION}, such as height_ratio: 0.4",
    ),
    "a text for names": (
        "describe: {extra_body: 1h}\n",
        ":1: describe.extra_body: expected names with their values, such as {keep_alive: 1h}",
    ),
    "a list of options": ("- a\n", ":1: expected options as 'key: value' lines, such as window_s: 10"),
    # Areas
    "a region that is no list of regions": (
        ONE_LINE % "regions: [0, 0, 640, 360]",
        ":1: cameras[0].regions: expected a list, such as [[0, 0, 640, 360]]",
    ),
    "a region of three numbers": (
        ONE_LINE % "regions: [[0, 0, 9, 9], [1, 2, 3]]",
        f":1: cameras[0].regions[1]: {AREA}, such as [0, 0, 640, 360]",
    ),
    "a region without a height": (
        ONE_LINE % "ignore: [[1, 2, 3, 0]]",
        f":1: cameras[0].ignore[0]: {AREA}, such as [0, 0, 640, 80]",
    ),
    "two corners": (
        ONE_LINE % "regions: [[[1, 2], [3, 4]]]",
        f":1: cameras[0].regions[0]: {AREA}, such as [0, 0, 640, 360]",
    ),
    "a region in no picture": (
        ONE_LINE % "regions: [[1, 2, 3, 1.0e+9]]",
        f":1: cameras[0].regions[0]: {AREA}, such as [0, 0, 640, 360]",
    ),
    # Cameras
    "a camera without a source": (
        "cameras:\n- name: a\n",
        f":2: cameras[0].source: is missing: expected {TEXT}, such as rtsp://10.0.0.5/main",
    ),
    "a name for a path": (
        "cameras: [{name: a/b, source: x}]\n",
        ":1: cameras[0].name: expected at most 64 letters, digits, - and _, such as front-door",
    ),
    "a name that is taken": (
        "cameras: [{name: all, source: x}]\n",
        ":1: cameras[0].name: all is the name of the reel over all cameras; choose another",
    ),
    "two cameras of one name": (
        f"{CAMERA}- {{name: a, source: y}}\n",
        ":4: cameras[1].name: there are two cameras a; choose another name",
    ),
    "a film that is fetched again and again": (
        f"{CAMERA}  poll_s: 5\n",
        ":4: cameras[0].poll_s: is for a picture at an http:// or https:// address",
    ),
    "nothing in the environment": (
        'cameras:\n- {name: a, source: "rtsp://x:${LIVEREEL_NO_SUCH}@y"}\n',
        ":2: cameras[0].source: the environment has no LIVEREEL_NO_SUCH: set it before livereel starts",
    ),
    # What no single value shows
    "more chapters than may be": (
        "reel: {min_chapters: 11}\n",
        ":1: reel: min_chapters (11) must be at least 1 and at most max_chapters (10)",
    ),
    "a profile that there is not": (
        "describe: {profile: sport}\n",
        f":1: describe.profile: no such profile; there are {PROFILES}",
    ),
    "a camera's profile that there is not": (
        "describe: {profiles: {zoo: the apes}}\ncameras:\n- {name: a, source: x, profile: zo}\n",
        f":3: cameras[0].profile: no such profile; there are {PROFILES}, zoo",
    ),
    "a topic with a wildcard": (
        "mqtt: {topic_prefix: a/+}\n",
        ":1: mqtt.topic_prefix: 'a/+' cannot be part of a topic: + and # are wildcards",
    ),
    "a key of two lines": (
        '"a\\nb": 3\n',
        f":1: 'a\\nb': no such option; there are {SECTIONS}",
    ),
    # Notifications
    "a service without an address": (
        "notify: [{when: [alert]}]\n",
        f":1: notify[0].url: is missing: expected {TEXT}, such as ntfys://ntfy.sh/my-topic",
    ),
    "no address of a service": (
        "notify: [{url: my-topic}]\n",
        ":1: notify[0].url: expected an address of Apprise, such as ntfys://ntfy.sh/my-topic",
    ),
    "a reel that there is not": (
        CAMERA + "notify: [{url: 'ntfys://x/y', when: ['reel:day']}]\n",
        ":4: notify[0].when: names a reel that there is not; there are a, all, requested",
    ),
    "another event": (
        "notify: [{url: 'ntfys://x/y', when: [motion]}]\n",
        ":1: notify[0].when: expected some of alert, moment, reel and reel:NAME",
    ),
    "one event alone": (
        "notify: [{url: 'ntfys://x/y', when: alert}]\n",
        ":1: notify[0].when: expected a list, such as [alert]",
    ),
    "a camera that there is not": (
        CAMERA + "notify:\n- url: ntfys://x/y\n  cameras: [b]\n",
        ":6: notify[0].cameras: names a camera that there is not; there are a",
    ),
    "a camera alone": (
        CAMERA + "notify:\n- url: ntfys://x/y\n  cameras: a\n",
        ":6: notify[0].cameras: expected a list, such as [front]",
    ),
    "quiet hours without minutes": (
        "notify: [{url: 'ntfys://x/y', quiet_hours: 22-6}]\n",
        ":1: notify[0].quiet_hours: expected two times of a day, such as 22:00-06:00",
    ),
    # Sections that are taken for a switch or an address
    "pages that are switched": ("web: off\n", f":1: web: {SECTION}, such as enabled: true"),
    "sound that is switched": ("sound: false\n", f":1: sound: {SECTION}, such as enabled: true"),
    "a broker alone": ("mqtt: 10.0.0.9\n", f":1: mqtt: {SECTION}, such as host: mqtt://10.0.0.9:1883"),
    "pages at no address": ('web: {host: ""}\n', f":1: web.host: expected {TEXT}, such as 127.0.0.1"),
    "no data folder": ('data: ""\n', f":1: data: expected {TEXT}, such as livereel-data"),
    # Variables of the environment
    "a variable without its end": ("data: ${HOME\n", f":1: data: {REFERENCE}"),
    "a variable with a dash": (
        'mqtt: {password: "${MQTT-PASSWORD}"}\n',
        f":1: mqtt.password: {REFERENCE}",
    ),
    "a variable with a default": (
        ONE_LINE % 'normal: "${NORMAL:-nothing}"',
        f":1: cameras[0].normal: {REFERENCE}",
    ),
    # No YAML
    "lines out of line": (
        "cameras:\n - name: a\n  source: x\n",
        ":3: not YAML: align the lines: what belongs together begins in the same column",
    ),
    "a comma left out": (
        "cameras: [{name: a source: x}]\n",
        ":1: not YAML: in { } and [ ], a comma is missing, or the closing bracket",
    ),
    "an open bracket": (
        "reel: {hold_s: 1\n",
        ":2: not YAML: in { } and [ ], a comma is missing, or the closing bracket",
    ),
    "an open quotation mark": ("data: 'livereel\n", ":2: not YAML: a quotation mark is not closed"),
    "two documents": (
        "window_s: 5\n---\nwindow_s: 6\n",
        ":2: not YAML: only one document: remove the line ---",
    ),
    "a star": ("data: *live\n", ":1: not YAML: put a text that begins with * in quotes"),
    "an exclamation mark": ("data: !live reel\n", ":1: not YAML: put a text that begins with ! in quotes"),
    "an at sign": ("data: @live\n", ":1: not YAML: put a text that begins with @, `, % or | in quotes"),
    "a control character": ("window_s: 5\ndata: \x07\n", ":2: not YAML: it holds a control character"),
    "a colon in a text": (
        "a: b\nc: d: e\n",
        ":2: not YAML: put a text with ': ' in it in quotes, and align the lines",
    ),
    "a tab": ("reel:\n\thold_s: 1\n", ":2: not YAML: a line is indented with a tab: use spaces"),
}


def said(tmp_path: Path, text: str) -> list[str]:
    """What is said of the file, a line each, without its name."""
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(str(file)) for line in lines)
    return [line.removeprefix(str(file)) for line in lines]


@pytest.mark.parametrize(("text", "line"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_line_that_says_what_to_write(tmp_path: Path, text: str, line: str) -> None:
    assert said(tmp_path, text) == [line]


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
widow_s: 5
reel: {style: film, evry_s: 3}
cameras:
- rtsp://10.0.0.5/main
- name: front
  source: film.mp4
- name: front
  source: film.mp4
  regions: [[0, 0, 10]]
mqtt: {port: http, topic_prefix: '#'}
window_s: 1h
"""
    places = [line.split(": ")[0:2] for line in said(tmp_path, text)]
    assert places == [
        [":1", "widow_s"],
        [":2", "reel.evry_s"],
        [":2", "reel.style"],
        [":4", "cameras[0]"],
        [":7", "cameras[2].name"],
        [":9", "cameras[2].regions[0]"],
        [":10", "mqtt.port"],
        [":11", "window_s"],
    ]


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(max_size=8)
    | st.sampled_from(["1e999999999 GB", "${", "7d", 10**400, -(10**400), b"bytes", "\ud800"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
OPTIONS = [field.name for field in dataclasses.fields(Config)]
SECTION_KINDS = (
    MotionSettings,
    PeakSettings,
    DescribeSettings,
    ReelSettings,
    MqttSettings,
    RetentionSettings,
)
SERVICE_OPTIONS = [field.name for field in dataclasses.fields(NotifySettings)]
OF_SECTIONS = [option.name for kind in SECTION_KINDS for option in dataclasses.fields(kind)]
CAMERA_OPTIONS = [field.name for field in dataclasses.fields(CameraSettings)]
REEL_OPTIONS = [field.name for field in dataclasses.fields(NamedReel)]


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(OPTIONS),
        VALUES | st.dictionaries(st.sampled_from(OF_SECTIONS), VALUES, max_size=6),
        max_size=4,
    )
    | st.fixed_dictionaries(
        {
            "cameras": st.lists(
                st.dictionaries(st.sampled_from(CAMERA_OPTIONS), VALUES, max_size=6), max_size=3
            ),
            "notify": st.lists(
                st.dictionaries(st.sampled_from(SERVICE_OPTIONS), VALUES, max_size=4), max_size=2
            ),
            "reels": st.lists(st.dictionaries(st.sampled_from(REEL_OPTIONS), VALUES, max_size=6), max_size=3),
        }
    )
)
def test_whatever_a_file_says_it_is_read_or_each_mistake_is_a_line(values: dict[str, Any]) -> None:
    text = yaml.safe_dump(values, allow_unicode=False)
    assert all(re.fullmatch(r"c\.yaml:\d+: .+", mistake) for mistake in mistakes(text))


def mistakes(text: str) -> tuple[str, ...]:
    """What is said of the text of a file ``c.yaml``; nothing where it is read."""
    try:
        parse(Path("c.yaml"), text)
    except ConfigError as error:
        return error.mistakes
    return ()


@pytest.mark.parametrize("number", ["1e999999999 s", "9" * 400, "-" + "9" * 400, "1.e+400", "0x" + "f" * 400])
def test_what_no_number_can_hold_is_a_mistake(tmp_path: Path, number: str) -> None:
    assert said(tmp_path, f"window_s: {number}\n") == [
        ":1: window_s: expected a time from 1s to 10min, such as 10s"
    ]
    assert said(tmp_path, f"reel: {{min_chapters: {number}}}\n") == [
        ":1: reel.min_chapters: expected a whole number of at least 1, such as 7"
    ]


def test_a_file_nested_too_deeply_is_a_mistake(tmp_path: Path) -> None:
    assert said(tmp_path, "data: " + "[" * 5000) == [": not YAML: nested too deeply"]


def test_no_value_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEREEL_SECRET", "geheim")
    text = 'window_s: "${LIVEREEL_SECRET}"\nmqtt: {user: [geheim], port: geheim, tls: "${LIVEREEL_SECRET}"}\n'
    assert len(lines := said(tmp_path, text)) == 4
    assert "geheim" not in "".join(lines)
