"""What is said of each mistake in the list of reels: this table is what users read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livereel.config.test_mistakes import CAMERA, PROFILES, TEXT, said

MISTAKES = {
    "a reel without a name": (
        'reels: [{at: "20:00"}]\n',
        f":1: reels[0].name: is missing: expected {TEXT}, such as front",
    ),
    "a letter of a reel wrong": (
        "reels:\n- {name: day, timezon: UTC}\n",
        ":2: reels[0].timezon: no such option; did you mean timezone?",
    ),
    "names of reels that are no list": (
        "reels: day\n",
        ':1: reels: expected a list, such as [{name: evening, at: "20:00"}]',
    ),
    "cameras of a reel that are no list": (
        f"{CAMERA}reels: [{{name: day, cameras: a}}]\n",
        ":4: reels[0].cameras: expected a list, such as [front]",
    ),
    "a reel whose name is no name": (
        "reels: [{name: my day}]\n",
        ":1: reels[0].name: expected at most 64 letters, digits, - and _, such as evening",
    ),
    "two reels of one name": (
        "reels:\n- name: day\n- name: day\n",
        ":3: reels[1].name: there are two reels day; choose another name",
    ),
    "the name of a camera": (
        f"{CAMERA}reels: [{{name: a}}]\n",
        ":4: reels[0].name: there is a camera a: choose another name, or cameras: [a]",
    ),
    "the name of the reels on demand": (
        "reels: [{name: requested}]\n",
        ":1: reels[0].name: requested is the name of the reels that are asked for; choose another",
    ),
    "all that are only some": (
        f"{CAMERA}reels: [{{name: all, cameras: [a]}}]\n",
        ":4: reels[0].name: all is the name of the reel over all cameras: choose another, or name no camera",
    ),
    "a camera of a reel that there is not": (
        "cameras: [{name: front, source: x}]\nreels: [{name: day, cameras: [frnt]}]\n",
        ":2: reels[0].cameras: no camera frnt; did you mean front?",
    ),
    "a camera of a reel that is like none": (
        f"{CAMERA}reels: [{{name: day, cameras: [zoo]}}]\n",
        ":4: reels[0].cameras: no camera zoo; there are a",
    ),
    "a time without quotes, a number in YAML": (
        "reels: [{name: day, at: 20:00, timezone: UTC}]\n",
        f':1: reels[0].at: expected {TEXT}, or null, such as "20:00"',
    ),
    "a time that no clock shows": (
        'reels: [{name: day, at: "24:00"}]\n',
        ':1: reels[0].at: expected a time of day in quotes, such as "20:00"',
    ),
    "a time by half the day": (
        "reels: [{name: day, at: 8pm}]\n",
        ':1: reels[0].at: expected a time of day in quotes, such as "20:00"',
    ),
    "a zone in small letters": (
        'reels: [{name: day, at: "20:00", timezone: europe/berlin}]\n',
        ":1: reels[0].timezone: no such time zone; did you mean Europe/Berlin?",
    ),
    "a city for a zone": (
        'reels: [{name: day, at: "20:00", timezone: Berlin}]\n',
        ":1: reels[0].timezone: no such time zone; did you mean Europe/Berlin?",
    ),
    "a zone that is a path": (
        'reels: [{name: day, at: "20:00", timezone: ../../x}]\n',
        ":1: reels[0].timezone: no such time zone",
    ),
    "a zone without a time": (
        "reels: [{name: day, timezone: UTC}]\n",
        ":1: reels[0].timezone: is of no use without at",
    ),
    "two kinds of times": (
        'reels: [{name: day, at: "20:00", every_s: 60}]\n',
        ":1: reels[0].at: there is every_s, too: give one of them",
    ),
    "a reel with fewer chapters than it needs": (
        "reel: {min_chapters: 5}\nreels:\n- {name: day, max_chapters: 3}\n",
        ":3: reels[0]: min_chapters (5) must be at least 1 and at most max_chapters (3)",
    ),
    "a reel's profile that there is not": (
        "reels: [{name: day, profile: sport}]\n",
        f":1: reels[0].profile: no such profile; there are {PROFILES}",
    ),
}


@pytest.mark.parametrize(("text", "line"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_line_that_says_what_to_write(tmp_path: Path, text: str, line: str) -> None:
    assert said(tmp_path, text) == [line]


def test_a_notification_of_a_reel_names_one_of_the_list(tmp_path: Path) -> None:
    service = 'notify: [{url: "ntfy://x", when: ["reel:%s"]}]\n'
    assert said(tmp_path, f"{CAMERA}reels: [{{name: day}}]\n{service % 'a'}") == [
        ":5: notify[0].when: names a reel that there is not; there are day, requested"
    ]
