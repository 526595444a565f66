"""Events as messages; that they fit their schemas, test_mqtt_docs holds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.signal.sound.record import Speech
from sinks.events import CameraState, CameraStatus
from sinks.mqtt.messages import Messages, shorten
from tests.kit.records.events import moment_now, now_utc, reel_in
from tests.kit.records.moments import heard, moment

MESSAGES = Messages("livereel", base=Path("/data"))


@given(st.text(), st.integers(1, 300))
def test_a_shortened_text_fits_and_begins_as_the_whole(text: str, max_chars: int) -> None:
    short = shorten(text, max_chars)
    assert len(short) <= max_chars
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_a_text_is_cut_after_a_word() -> None:
    assert shorten("Two cars pass, then a dog", 15) == "Two cars pass…"


@pytest.mark.parametrize(
    ("state", "capture", "enabled"),
    [
        (CameraStatus.WATCHING, b"online", b"ON"),
        (CameraStatus.WAITING, b"offline", b"ON"),
        (CameraStatus.REFUSED, b"offline", b"ON"),
        (CameraStatus.ENDED, b"offline", b"ON"),
        (CameraStatus.CONNECTING, b"offline", b"ON"),
        (CameraStatus.DISABLED, b"disabled", b"OFF"),
    ],
)
def test_a_camera_state_in_three_topics(state: CameraStatus, capture: bytes, enabled: bytes) -> None:
    sent = {m.topic: m.payload for m in MESSAGES.camera(CameraState("front", state, "why", now_utc()))}
    assert sent["livereel/front/status/capture"] == capture
    assert sent["livereel/front/enabled/state"] == enabled
    assert json.loads(sent["livereel/front/status"])["reason"] == "why"


def test_a_caption_is_known_by_its_window() -> None:
    assert MESSAGES.caption(moment(1)).key == MESSAGES.caption(moment(1, title="Other words")).key
    assert MESSAGES.caption(moment(1)).key != MESSAGES.caption(moment(2)).key


def test_a_caption_has_the_speech_of_its_window() -> None:
    told = heard(moment(1), Speech(12.0, 13.5, "Open the gate."), Speech(15.0, 20.0))
    assert MESSAGES.caption(told).body["speech"] == [
        {"start_s": 12.0, "end_s": 13.5, "text": "Open the gate."},
        {"start_s": 15.0, "end_s": 20.0, "text": ""},
    ]
    assert MESSAGES.caption(moment(1)).body["speech"] == []


def test_files_are_named_relative_to_the_data_folder(tmp_path: Path) -> None:
    messages = Messages("livereel", base=tmp_path)
    body = messages.reel(reel_in(tmp_path)).body
    assert body["after"]["path"] == "reels/front/000001/reel.mp4"
    elsewhere = Messages("livereel", base=tmp_path / "other")
    assert elsewhere.reel(reel_in(tmp_path, seq=2)).body["after"]["path"].startswith(tmp_path.as_posix())


def test_a_reel_replaces_the_one_before_it(tmp_path: Path) -> None:
    first, second = MESSAGES.reel(reel_in(tmp_path)), MESSAGES.reel(reel_in(tmp_path, seq=2))
    assert (first.body["type"], first.body["before"]) == ("new", None)
    assert (second.body["type"], second.body["before"]) == ("update", {"id": "front", "seq": 1})


def test_a_reel_of_a_new_ledger_is_another_although_its_number_is_the_same(tmp_path: Path) -> None:
    reel = reel_in(tmp_path)
    assert MESSAGES.reel(reel).key != MESSAGES.reel(replace(reel, sha256="0" * 64)).key


def test_an_alert_is_distinguished_from_a_highlight() -> None:
    plain = moment_now(1)
    assert json.loads(MESSAGES.highlight(MESSAGES.caption(plain).body).payload)["event_type"] == "highlight"
    alerting = replace(plain, alerts=("a dog is on the sofa",))
    told = json.loads(MESSAGES.highlight(MESSAGES.caption(alerting).body).payload)
    assert (told["event_type"], told["alerts"]) == ("alert", ["a dog is on the sofa"])


def test_the_short_text_fits_a_home_assistant_state() -> None:
    long = replace(moment_now(1), text="A car passes. " * 40)
    told = json.loads(MESSAGES.caption_state(long).payload)
    assert len(told["short"]) <= 255
    assert told["text"] == long.text


def test_whom_a_command_is_for() -> None:
    messages = Messages("house/livereel", base=Path())
    assert messages.parse_command("house/livereel/front/enabled/set") == ("front", "enabled/set")
    assert messages.parse_command("house/livereel/all/reel/make") == ("all", "reel/make")
