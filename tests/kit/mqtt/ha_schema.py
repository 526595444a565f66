"""What Home Assistant takes as MQTT device discovery, from its documentation: each key, and no other.

Stricter than Home Assistant, which ignores unknown keys inside a component: here a misspelt option is an
error. https://www.home-assistant.io/integrations/mqtt/ describes the payload, one page for each platform
its options. Only the platforms that livereel announces, only full names.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import jinja2
from jsonschema import Draft202012Validator, ValidationError

TEXT = {"type": "string", "minLength": 1}
FLAG = {"type": "boolean"}
# A topic that can be subscribed or published to; discovery gives no wildcards.
TOPIC = {"type": "string", "pattern": r"^[^+#\0]+$"}
TEMPLATE = TEXT
QOS = {"enum": [0, 1, 2]}
ICON = {"type": "string", "pattern": "^[a-z]+:[a-z0-9-]+$"}
URL = {"type": "string", "pattern": "^(https?|homeassistant)://"}
SECONDS = {"type": "integer", "minimum": 0}

DISCOVERY_TOPIC = re.compile(r"[^/]+/device/(?:[a-zA-Z0-9_-]+/)?[a-zA-Z0-9_-]+/config")

AVAILABILITY = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "topic": TOPIC,
            "payload_available": TEXT,
            "payload_not_available": TEXT,
            "value_template": TEMPLATE,
        },
        "required": ["topic"],
        "additionalProperties": False,
    },
}
# At the root these hold for all components that do not set their own.
SHARED: dict[str, Any] = {
    "availability": AVAILABILITY,
    "availability_mode": {"enum": ["all", "any", "latest"]},
    "availability_template": TEMPLATE,
    "availability_topic": TOPIC,
    "payload_available": TEXT,
    "payload_not_available": TEXT,
    "command_topic": TOPIC,
    "state_topic": TOPIC,
}
ROOT_ONLY = {"device", "origin", "components"}
ENTITY: dict[str, Any] = {
    "name": {"type": ["string", "null"]},
    "unique_id": TEXT,
    "icon": ICON,
    "entity_category": {"enum": ["config", "diagnostic"]},
    "entity_picture": URL,
    "enabled_by_default": FLAG,
    "json_attributes_topic": TOPIC,
    "json_attributes_template": TEMPLATE,
    "qos": QOS,
    "encoding": {"type": "string"},
    **{key: SHARED[key] for key in SHARED if key not in ("command_topic", "state_topic")},
}
READS: dict[str, Any] = {"state_topic": TOPIC, "value_template": TEMPLATE}
WRITES: dict[str, Any] = {"command_topic": TOPIC, "command_template": TEMPLATE, "retain": FLAG}
PLATFORMS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "sensor": (
        READS
        | {
            "device_class": TEXT,
            "expire_after": SECONDS,
            "force_update": FLAG,
            "last_reset_value_template": TEMPLATE,
            "options": {"type": "array", "items": TEXT, "minItems": 1},
            "state_class": {"enum": ["measurement", "total", "total_increasing"]},
            "suggested_display_precision": SECONDS,
            "unit_of_measurement": TEXT,
        },
        ("state_topic",),
    ),
    "binary_sensor": (
        READS
        | {
            "device_class": {"enum": ["motion", "connectivity", "running", "problem", "occupancy"]},
            "expire_after": SECONDS,
            "force_update": FLAG,
            "off_delay": SECONDS,
            "payload_on": TEXT,
            "payload_off": TEXT,
        },
        ("state_topic",),
    ),
    "event": (
        READS
        | {
            "device_class": {"enum": ["button", "doorbell", "motion"]},
            "event_types": {"type": "array", "items": TEXT, "minItems": 1},
        },
        ("state_topic", "event_types"),
    ),
    "image": (
        {
            "content_type": TEXT,
            "image_encoding": {"const": "b64"},
            "image_topic": TOPIC,
            "url_topic": TOPIC,
            "url_template": TEMPLATE,
        },
        (),
    ),
    "switch": (
        READS
        | WRITES
        | {
            "device_class": {"enum": ["outlet", "switch"]},
            "optimistic": FLAG,
            "payload_on": TEXT,
            "payload_off": TEXT,
            "state_on": TEXT,
            "state_off": TEXT,
        },
        ("command_topic",),
    ),
    "button": (
        WRITES | {"device_class": {"enum": ["identify", "restart", "update"]}, "payload_press": TEXT},
        ("command_topic",),
    ),
}
DEVICE = {
    "type": "object",
    "properties": {
        "identifiers": {"type": "array", "items": TEXT, "minItems": 1},
        "connections": {"type": "array"},
        "configuration_url": URL,
        **dict.fromkeys(("name", "manufacturer", "model", "model_id", "hw_version", "sw_version"), TEXT),
        **dict.fromkeys(("serial_number", "suggested_area", "via_device"), TEXT),
    },
    "anyOf": [{"required": ["identifiers"]}, {"required": ["connections"]}],
    "additionalProperties": False,
}
ORIGIN = {
    "type": "object",
    "properties": {"name": TEXT, "sw_version": TEXT, "support_url": URL},
    "required": ["name"],
    "additionalProperties": False,
}
ROOT = {
    "type": "object",
    "properties": SHARED
    | {"device": DEVICE, "origin": ORIGIN, "qos": QOS, "encoding": {"type": "string"}}
    | {
        "components": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"platform": {"enum": list(PLATFORMS)}},
                # The platform alone removes the component.
                "anyOf": [{"required": ["platform", "unique_id"]}, {"maxProperties": 1}],
                "required": ["platform"],
            },
        }
    },
    "required": ["device", "origin", "components"],
    "additionalProperties": False,
}


def check_discovery(topic: str, payload: dict[str, Any]) -> None:
    """Raise ValueError or jsonschema's ValidationError when an entity would be missing."""
    if not DISCOVERY_TOPIC.fullmatch(topic):
        raise ValueError(f"{topic}: not a topic of device discovery")
    Draft202012Validator(ROOT).validate(payload)
    shared = {key: value for key, value in payload.items() if key in SHARED}
    for key, component in payload["components"].items():
        if component.keys() == {"platform"}:
            continue
        try:
            _check_component(shared, component)
        except (ValueError, ValidationError, jinja2.TemplateError) as error:
            raise ValueError(f"{key}: {error}") from error


def _check_component(shared: dict[str, Any], component: dict[str, Any]) -> None:
    """Check the component's own keys, then what it is together with those of the device."""
    properties, required = PLATFORMS[component["platform"]]
    schema = {
        "type": "object",
        "properties": ENTITY | properties | {"platform": {}},
        "required": list(required),
        "additionalProperties": False,
    }
    Draft202012Validator(schema).validate(component)
    merged = shared | component
    if "availability" in merged and "availability_topic" in merged:
        raise ValueError("both availability and availability_topic, of device and component together")
    if component["platform"] == "image":
        if ("image_topic" in component) == ("url_topic" in component):
            raise ValueError("an image has either image_topic or url_topic")
        if "url_topic" in component and "content_type" in component:
            raise ValueError("a picture at an address says its own content_type")
    if "options" in component and component.get("device_class") != "enum":
        raise ValueError("options are for the device class enum")
    for template in _templates(merged):
        jinja2.Environment(autoescape=False).parse(template)  # noqa: S701  # parsed, never shown


def _templates(component: dict[str, Any]) -> list[str]:
    """All templates of a component, those of its availability too."""
    listed = [
        item["value_template"] for item in component.get("availability", []) if "value_template" in item
    ]
    return listed + [value for key, value in component.items() if key.endswith("template")]


def render(template: str, payload: bytes) -> str:
    """What Home Assistant makes of a message: ``value``, and ``value_json`` where it is JSON."""
    values: dict[str, Any] = {"value": payload.decode()}
    with suppress(ValueError):
        values["value_json"] = json.loads(payload)
    environment = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined)  # noqa: S701  # no HTML
    return environment.from_string(template).render(values)
