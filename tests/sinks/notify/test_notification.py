"""Which events are sent to a service, and what people read of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from analyzer.signal.window import Keyframe
from sinks.notify.notification import Notifications
from sinks.notify.settings import NotifySettings
from tests.kit.records.events import reel_in
from tests.kit.records.moments import moment

URL = "json://127.0.0.1"
NOW = datetime(2026, 1, 31, 15, 0, tzinfo=UTC)


def alert(index: int, camera: str = "front", *, importance: float = 5.0) -> Moment:
    made = moment(index, camera=camera, importance=importance, title="A person at the gate")
    window = replace(made.window, start_utc=f"2026-01-31T14:{index:02}:00.000Z")
    return replace(made, window=window, alerts=("the gate stands open",))


def notifications(base: Path, page_url: str | None = None, **options: Any) -> Notifications:
    return Notifications(NotifySettings(URL, **options), base=base, page_url=page_url)


def stored(events: Notifications, *made: Moment | Reel) -> list[bytes]:
    messages = [events.encode(event) for event in made]
    return [json.dumps(message.body).encode() for message in messages if message]


@pytest.mark.parametrize(
    ("options", "is_sent"),
    [
        ({}, False),
        ({"when": ("moment",)}, False),
        ({"when": ("moment",), "min_importance": 5.0}, True),
        ({"when": ("moment",), "min_importance": 5.0, "cameras": ("yard",)}, False),
        ({"when": ("moment", "reel"), "min_importance": 5.0, "cameras": ("yard", "front")}, True),
    ],
)
def test_moments_that_are_sent(tmp_path: Path, options: dict[str, Any], is_sent: bool) -> None:  # noqa: FBT001
    assert (notifications(tmp_path, **options).encode(moment(1)) is not None) is is_sent


@pytest.mark.parametrize(
    ("options", "is_sent"),
    [
        ({}, False),
        ({"when": ("reel",)}, True),
        ({"when": ("reel:front",)}, True),
        ({"when": ("reel:yard",)}, False),
        ({"when": ("reel",), "cameras": ("yard",)}, False),
    ],
)
def test_reels_that_are_sent(tmp_path: Path, options: dict[str, Any], is_sent: bool) -> None:  # noqa: FBT001
    assert (notifications(tmp_path, **options).encode(reel_in(tmp_path)) is not None) is is_sent


def test_an_alert_reads_as_its_rule_with_time_words_picture_and_link(tmp_path: Path) -> None:
    made = alert(7)
    pictures = [Keyframe(72.0, 300.0, tmp_path / "0.jpg"), Keyframe(74.0, 900.0, tmp_path / "1.jpg")]
    made = replace(made, window=replace(made.window, keyframes=tuple(pictures)))
    events = notifications(tmp_path, page_url="https://home.example/live/")
    sent = events.join(stored(events, made), NOW)
    assert sent.title == "front: the gate stands open"
    assert sent.body == (
        f"14:07:00\n{made.text}\nhttps://home.example/live/timeline?camera=front"
        "&since=2026-01-31T14%3A07%3A00.000Z&until=2026-01-31T14%3A07%3A01.000Z"
    )
    assert sent.attachments == (tmp_path / "1.jpg",)


def test_a_time_of_another_day_has_its_date(tmp_path: Path) -> None:
    events = notifications(tmp_path)
    sent = events.join(stored(events, alert(7)), NOW.replace(day=30))
    assert sent.body.startswith("2026-01-31 14:07:00 UTC\n")


def test_a_reel_has_its_story_and_its_video_or_else_its_poster(tmp_path: Path) -> None:
    events = notifications(tmp_path, when=("reel",))
    reel = reel_in(tmp_path)
    sent = events.join(stored(events, reel), datetime.now(UTC))
    assert sent.title == "reel front: One mover"
    assert sent.body.partition("\n")[2] == "1 chapter, 0:04.\nA mover crosses."
    assert [file.name for file in sent.attachments] == ["reel.mp4", "poster.jpg"]


def test_what_waits_is_sent_together_and_of_a_reel_only_the_newest(tmp_path: Path) -> None:
    events = notifications(tmp_path, when=("alert", "reel"))
    reels = [replace(reel_in(tmp_path, seq=seq), end_utc="2026-01-31T14:30:00Z") for seq in (1, 2)]
    made: list[Moment | Reel] = [alert(1), reels[0], alert(2, "yard"), reels[1]]
    sent = events.join(stored(events, *made), NOW)
    assert sent.title == "2 alerts, 1 reel: front, yard"
    assert sent.body.splitlines() == [
        "14:01:00 front: the gate stands open",
        "14:02:00 yard: the gate stands open",
        "14:30:00 reel front: One mover",
    ]
    assert "000002" in str(sent.attachments[0])


def test_of_very_many_the_last_ten_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    events = notifications(tmp_path)
    sent = events.join(stored(events, *(alert(index) for index in range(32))), NOW)
    lines = sent.body.splitlines()
    assert (len(lines), lines[0], lines[-1][:8]) == (11, "and 22 earlier ones", "14:31:00")
