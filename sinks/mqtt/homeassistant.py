"""Home Assistant's MQTT discovery: a payload for each camera, for each named reel, and for livereel itself.

Home Assistant validates a payload as a whole: one wrong key, and none of its entities appears. Two rules
are easily missed. A component's own ``availability`` replaces the device's, and a component that
shows why a camera is away must have one, or it goes away with the camera. And no payload may name both
``availability`` and ``availability_topic``.

A device disappears with its retained payload. A component that is merely left out of a payload stays: what a
device has no more, since a reel was removed from the configuration, is listed with its platform alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from analyzer.reel.settings import OF_ALL_CAMERAS
from sinks.mqtt.connection.message import Message
from sinks.mqtt.messages import ALERT, HIGHLIGHT, OFF, OFFLINE, ON, ONLINE, PRESS, REEL_READY, Messages

# A number that was not updated for this long is unknown: three stats messages are missing.
EXPIRE_AFTER_S = 180
# Numbers in Stats by camera: name, unit.
CAMERA_NUMBERS = {"fps": ("Frames per second", "fps"), "describe_s": ("Describe time", "s")}
# Numbers in Stats of livereel as a whole: name, and the member that holds them.
SERVICE_NUMBERS = {
    "words_waiting": ("Windows waiting for a description", "counters"),
    "outbox_waiting": ("Messages waiting for the broker", "mqtt"),
    "outbox_dropped": ("Messages dropped as too many waited", "mqtt"),
}

Component = dict[str, Any]


class Discovery:
    """Builds one livereel's discovery messages. Pure: nothing is sent here."""

    def __init__(self, discovery_prefix: str, prefix: str, messages: Messages, *, version: str) -> None:
        """Announce under ``discovery_prefix`` what is published under the topic prefix ``prefix``."""
        self._discovery_prefix = discovery_prefix
        self._prefix = prefix
        self._messages = messages
        self._version = version
        self._running = [{"topic": messages.available}]
        self.status_topic = f"{discovery_prefix}/status"

    def announce(self, cameras: Sequence[str], reels: Sequence[str]) -> list[Message]:
        """Return all discovery messages; the service comes first, since cameras refer to it."""
        payloads = {self._topic(): self._service(has_reel=OF_ALL_CAMERAS in reels)}
        payloads |= {self._topic(name): self._camera(name, has_reel=name in reels) for name in cameras}
        payloads |= {self._reel_topic(reel): self._named_reel(reel) for reel in _on_their_own(cameras, reels)}
        return [
            Message(topic, json.dumps(payload, ensure_ascii=False).encode(), qos=1, retain=True)
            for topic, payload in payloads.items()
        ]

    def topics(self, cameras: Sequence[str], reels: Sequence[str]) -> list[str]:
        """Return all topics of ``announce``, the service's first."""
        own = _on_their_own(cameras, reels)
        return [self._topic(), *map(self._topic, cameras), *map(self._reel_topic, own)]

    def _topic(self, *camera: str) -> str:
        ids = "/".join(map(_topic_id, (self._prefix, *camera)))
        return f"{self._discovery_prefix}/device/{ids}/config"

    def _reel_topic(self, reel: str) -> str:
        return self._topic(f"reel/{reel}")  # which no camera can be named

    def _service(self, *, has_reel: bool) -> dict[str, Any]:
        components = {
            "running": {
                "platform": "binary_sensor",
                "name": "Running",
                "device_class": "connectivity",
                "entity_category": "diagnostic",
                "state_topic": self._messages.available,
                "payload_on": ONLINE,
                "payload_off": OFFLINE,
            }
        }
        for key, (name, place) in SERVICE_NUMBERS.items():
            components[key] = self._number_sensor(name, f"value_json.get('{place}', {{}}).get('{key}')")
        for key, component in self._reel_of_all().items():
            components[key] = component if has_reel else _removed(component)
        return self._device(self._prefix, self._prefix, "Video analyzer", components)

    def _reel_of_all(self) -> dict[str, Component]:
        reel = OF_ALL_CAMERAS
        parts = self._reel(reel) | {"highlight": self._reel_ready(reel)}
        return {
            f"{reel}_{key}": {**component, "name": f"{component['name']} ({reel})"}
            for key, component in parts.items()
        }

    def _named_reel(self, reel: str) -> dict[str, Any]:
        """Build the device of a reel that is neither a camera's nor that of all."""
        components = self._reel(reel) | {"highlight": self._reel_ready(reel)}
        identifier, name = f"{self._prefix}/reel/{reel}", f"{self._prefix} {reel}"
        device = self._device(identifier, name, "Reel", components)
        device["device"]["via_device"] = self._prefix
        return device

    def _camera(self, camera: str, *, has_reel: bool) -> dict[str, Any]:
        messages = self._messages
        topic = messages.topic
        components = {
            "caption": _json_sensor("Last caption", topic(camera, "caption", "state"), "short"),
            "highlight": self._highlight(camera, [HIGHLIGHT, ALERT, REEL_READY]),
            "keyframe": {
                "platform": "image",
                "name": "Keyframe",
                "image_topic": topic(camera, "keyframe"),
                "content_type": "image/jpeg",
            },
            "motion": {
                "platform": "binary_sensor",
                "name": "Motion",
                "device_class": "motion",
                "state_topic": topic(camera, "motion"),
                "payload_on": ON,
                "payload_off": OFF,
            },
            "capture": self._connectivity("Camera", topic(camera, "status", "capture"))
            | {"json_attributes_topic": topic(camera, "status")},
            "describe": self._connectivity("Describer", topic(camera, "status", "describe"))
            | {"json_attributes_topic": self._messages.describer_topic},
            "enabled": {
                "platform": "switch",
                "name": "Analysis",
                "icon": "mdi:motion-sensor",
                "availability": self._running,
                "state_topic": topic(camera, "enabled", "state"),
                "command_topic": topic(camera, "enabled", "set"),
                "payload_on": ON,
                "payload_off": OFF,
            },
        }
        for key, component in self._reel(camera).items():
            components[key] = component if has_reel else _removed(component)
        for key, (name, unit) in CAMERA_NUMBERS.items():
            value = f"value_json.cameras.get({json.dumps(camera)}, {{}}).get('{key}')"
            components[key] = self._number_sensor(name, value) | {"unit_of_measurement": unit}
        watched = {
            "topic": topic(camera, "status", "capture"),
            "value_template": f"{{{{ '{ONLINE}' if value == '{ONLINE}' else '{OFFLINE}' }}}}",
        }
        root = {"availability": [*self._running, watched], "availability_mode": "all"}
        device = self._device(f"{self._prefix}/{camera}", f"{self._prefix} {camera}", "Camera", components)
        device["device"]["via_device"] = self._prefix
        return device | root

    def _device(self, identifier: str, name: str, model: str, components: dict[str, Component]) -> Component:
        """Build a device; an entity's id is the device's with the component's key."""
        return {
            "device": {
                "identifiers": [identifier],
                "name": name,
                "manufacturer": "livereel",
                "model": model,
                "sw_version": self._version,
            },
            "origin": {"name": "livereel", "sw_version": self._version},
            "components": {
                key: component | ({} if _is_removed(component) else {"unique_id": f"{identifier}/{key}"})
                for key, component in components.items()
            },
        }

    def _reel(self, reel: str) -> dict[str, Component]:
        """Build the last reel and the button for a new one; neither depends on the camera being online."""
        button = {
            "platform": "button",
            "name": "Make a reel now",
            "icon": "mdi:movie-plus",
            "availability": self._running,
            "command_topic": self._messages.topic(reel, "reel", "make"),
            "payload_press": PRESS,
        }
        last = _json_sensor("Last reel", self._messages.topic(reel, "reel", "state"), "title")
        return {"reel": last | {"availability": self._running}, "make_reel": button}

    def _reel_ready(self, reel: str) -> Component:
        return self._highlight(reel, [REEL_READY]) | {"availability": self._running}

    def _highlight(self, name: str, kinds: list[str]) -> Component:
        return {
            "platform": "event",
            "name": "Highlight",
            "state_topic": self._messages.topic(name, "highlight"),
            "event_types": kinds,
        }

    def _connectivity(self, name: str, state_topic: str) -> Component:
        return {
            "platform": "binary_sensor",
            "name": name,
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "availability": self._running,
            "state_topic": state_topic,
            "value_template": f"{{{{ '{ON}' if value == '{ONLINE}' else '{OFF}' }}}}",
            "payload_on": ON,
            "payload_off": OFF,
        }

    def _number_sensor(self, name: str, value: str) -> Component:
        """Build a sensor of a number in ``stats``; unknown where it is missing."""
        return {
            "platform": "sensor",
            "name": name,
            "entity_category": "diagnostic",
            "availability": self._running,
            "state_topic": self._messages.stats_topic,
            "value_template": f"{{{{ {value} }}}}",
            "state_class": "measurement",
            "expire_after": EXPIRE_AFTER_S,
        }


def _json_sensor(name: str, topic: str, state: str) -> Component:
    """Build a sensor from a JSON object: the member ``state`` is its state, the whole its attributes."""
    return {
        "platform": "sensor",
        "name": name,
        "state_topic": topic,
        "value_template": f"{{{{ value_json.{state} }}}}",
        "json_attributes_topic": topic,
    }


def _on_their_own(cameras: Sequence[str], reels: Sequence[str]) -> list[str]:
    """Return the reels that have a device of their own."""
    return [reel for reel in reels if reel != OF_ALL_CAMERAS and reel not in cameras]


def _removed(component: Component) -> Component:
    """Return what removes a component from its device."""
    return {"platform": component["platform"]}


def _is_removed(component: Component) -> bool:
    return component.keys() == {"platform"}


def _topic_id(name: str) -> str:
    """Encode a name in the characters that a discovery topic may hold; distinct names stay distinct."""
    return re.sub(r"[^A-Za-z0-9-]", lambda match: "__" if match[0] == "_" else f"_{ord(match[0]):x}_", name)
