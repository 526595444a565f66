"""What is announced to Home Assistant is what its documentation asks for, and means what livereel says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sinks.events import CameraState, CameraStatus, Stats
from sinks.mqtt.homeassistant import Discovery
from sinks.mqtt.messages import Messages
from tests.kit.mqtt.ha_schema import check_discovery, render
from tests.kit.records.events import moment_now, now_utc, reel_in

CAMERAS = ("front", "Back yard", 'the "good" one')


REELS = (*CAMERAS, "all", "day")


def announced(prefix: str = "livereel", reels: Sequence[str] = REELS) -> dict[str, dict[str, Any]]:
    messages = Messages(prefix, base=Path("/data"))
    discovery = Discovery("homeassistant", prefix, messages, version="1.2.3")
    sent = discovery.announce(CAMERAS, reels)
    assert all(message.retain and message.qos == 1 for message in sent)
    assert [message.topic for message in sent] == discovery.topics(CAMERAS, reels)
    return {message.topic: json.loads(message.payload) for message in sent}


def front() -> dict[str, Any]:
    return announced()["homeassistant/device/livereel/front/config"]


@pytest.mark.parametrize("prefix", ["livereel", "house/livereel_2"])
def test_every_payload_is_what_home_assistant_documents(prefix: str) -> None:
    payloads = announced(prefix)
    assert len(payloads) == 1 + len(CAMERAS) + 1  # itself, the cameras, the reel ``day``
    for topic, payload in payloads.items():
        check_discovery(topic, payload)


def test_a_camera_has_the_entities_that_the_page_names() -> None:
    kinds = {key: component["platform"] for key, component in front()["components"].items()}
    assert kinds == {
        "caption": "sensor",
        "highlight": "event",
        "keyframe": "image",
        "motion": "binary_sensor",
        "capture": "binary_sensor",
        "describe": "binary_sensor",
        "enabled": "switch",
        "reel": "sensor",
        "make_reel": "button",
        "fps": "sensor",
        "describe_s": "sensor",
    }


def test_the_reel_of_all_cameras_belongs_to_the_service() -> None:
    components = announced()["homeassistant/device/livereel/config"]["components"]
    assert components["all_make_reel"]["command_topic"] == "livereel/all/reel/make"
    assert components["all_reel"]["state_topic"] == "livereel/all/reel/state"
    assert components["all_highlight"]["event_types"] == ["reel_ready"]


def test_a_reel_by_its_name_is_a_device_that_does_not_depend_on_a_camera() -> None:
    payload = announced()["homeassistant/device/livereel/reel_2f_day/config"]
    components = payload["components"]
    assert {key: component["platform"] for key, component in components.items()} == {
        "reel": "sensor",
        "highlight": "event",
        "make_reel": "button",
    }
    assert components["make_reel"]["command_topic"] == "livereel/day/reel/make"
    assert components["reel"]["state_topic"] == "livereel/day/reel/state"
    assert components["highlight"]["event_types"] == ["reel_ready"]
    assert all(it["availability"] == [{"topic": "livereel/available"}] for it in components.values())


def test_reels_that_are_there_no_more_are_removed_from_the_devices_that_stay() -> None:
    payloads = announced(reels=("day",))
    for topic, payload in payloads.items():
        check_discovery(topic, payload)
    removed = {
        key: component
        for payload in payloads.values()
        for key, component in payload["components"].items()
        if "unique_id" not in component
    }
    assert removed == {
        "all_reel": {"platform": "sensor"},
        "all_make_reel": {"platform": "button"},
        "all_highlight": {"platform": "event"},
        "reel": {"platform": "sensor"},
        "make_reel": {"platform": "button"},
    }


def test_ids_are_unique_over_cameras_and_livereels() -> None:
    ids = [
        component["unique_id"]
        for prefix in ("livereel", "livereel/2")
        for payload in announced(prefix).values()
        for component in payload["components"].values()
    ]
    assert len(ids) == len(set(ids))
    assert len(announced("a_b") | announced("a b") | announced("a/b")) == 3 * (2 + len(CAMERAS))


def test_why_a_camera_is_away_stays_readable_when_it_is() -> None:
    payload = front()
    assert len(payload["availability"]) == 2
    assert payload["availability_mode"] == "all"
    for key in ("capture", "describe", "enabled", "make_reel", "reel", "fps", "describe_s"):
        assert payload["components"][key]["availability"] == [{"topic": "livereel/available"}]
    for key in ("caption", "motion", "keyframe", "highlight"):
        assert "availability" not in payload["components"][key]


@pytest.mark.parametrize(
    ("state", "available"),
    [
        (CameraStatus.WATCHING, "online"),
        (CameraStatus.WAITING, "offline"),
        (CameraStatus.DISABLED, "offline"),
    ],
)
def test_a_camera_is_available_while_it_is_watched(state: CameraStatus, available: str) -> None:
    payload = front()
    sent = Messages("livereel", base=Path()).camera(CameraState("front", state, None, now_utc()))
    watched = payload["availability"][1]
    capture = next(message for message in sent if message.topic == watched["topic"])
    assert render(watched["value_template"], capture.payload) == available
    connected = payload["components"]["capture"]
    assert render(connected["value_template"], capture.payload) == ("ON" if available == "online" else "OFF")


def test_states_are_found_in_the_messages_that_bring_them(tmp_path: Path) -> None:
    messages = Messages("livereel", base=tmp_path)
    reel = reel_in(tmp_path)
    moment = moment_now(1)
    stats = Stats(now_utc(), {"words_waiting": 2.0}, {"front": {"fps": 24.9, "describe_s": 0.4}})
    sent = {
        message.topic: message.payload
        for message in (
            messages.caption_state(moment),
            messages.reel_state(reel),
            messages.stats(stats, {"outbox_waiting": 7, "outbox_dropped": 3}),
        )
    }
    service = announced()["homeassistant/device/livereel/config"]
    expected = {
        "caption": moment.text,
        "reel": reel.title,
        "fps": "24.9",
        "describe_s": "0.4",
        "words_waiting": "2.0",
        "outbox_waiting": "7",
        "outbox_dropped": "3",
    }
    components = front()["components"] | service["components"]
    for key, value in expected.items():
        component = components[key]
        assert render(component["value_template"], sent[component["state_topic"]]) == value


def test_a_number_that_is_missing_is_unknown_not_an_error() -> None:
    messages = Messages("livereel", base=Path())
    nothing = messages.stats(Stats(now_utc(), {}, {}), {}).payload
    for payload in announced().values():
        for component in payload["components"].values():
            if component.get("state_topic") == "livereel/stats":
                assert render(component["value_template"], nothing) == "None"


def _break(payload: dict[str, Any], *path: str, value: Any) -> dict[str, Any]:
    broken = deepcopy(payload)
    place = broken
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return broken


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("components", "caption", "state_topc"), "livereel/x"),
        (("components", "caption", "platform"), "sensr"),
        (("components", "caption", "state_topic"), "livereel/+/x"),
        (("components", "caption", "availability_topic"), "livereel/available"),
        (("components", "caption", "value_template"), "{{ value_json.short "),
        (("components", "keyframe", "url_topic"), "livereel/front/url"),
        (("components", "enabled", "command_topic"), ""),
        (("components", "motion", "entity_category"), "state"),
        (("components", "highlight", "event_types"), []),
        (("availability_mode",), "both"),
        (("device",), {"name": "nobody"}),
        (("origin",), {"sw_version": "1"}),
        (("camera",), "front"),
    ],
)
def test_the_check_finds_what_would_cost_entities(path: tuple[str, ...], value: Any) -> None:
    topic = "homeassistant/device/livereel/front/config"
    with pytest.raises((ValueError, jsonschema.ValidationError)):
        check_discovery(topic, _break(front(), *path, value=value))


def test_the_check_finds_a_topic_that_home_assistant_does_not_read() -> None:
    with pytest.raises(ValueError, match="not a topic of device discovery"):
        check_discovery("homeassistant/device/Back yard/config", front())
