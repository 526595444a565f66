"""The scene of a synthetic camera, and its address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SCHEME = "synthetic"
PLACES = ("street", "field")
LIGHTS = ("day", "dusk")
_SWITCH = {
    "on": True,
    "yes": True,
    "true": True,
    "1": True,
    "off": False,
    "no": False,
    "false": False,
    "0": False,
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A synthetic camera. Everything that it shows follows from these values.

    Attributes:
        place: ``street`` or ``field`` (a football pitch).
        seed: which street or match of all possible ones.
        light: ``day`` or ``dusk``.
        width, height: of the picture in pixels, both even.
        fps: frames a second.
        noise: standard deviation of the sensor's noise, in grey levels.
        duration_s: after which the stream ends; None for never.
        audio: whether the stream carries sound.
        exposure: whether the camera adapts to what it sees, and drifts a little.
        groups_per_minute: how many groups of events start in a minute; 0 for none at all, ever.
    """

    place: str = "street"
    seed: int = 1
    light: str = "day"
    width: int = 640
    height: int = 360
    fps: float = 15.0
    noise: float = 1.5
    duration_s: float | None = None
    audio: bool = True
    exposure: bool = True
    groups_per_minute: float = 1.5


def parse_address(address: str) -> Scene:
    """Return the scene of an address such as ``synthetic://street?seed=1&light=dusk&size=640x360``.

    Raises:
        ValueError: with one line that says what is wrong and what is allowed.
    """
    parts = urlsplit(address)
    if parts.scheme != SCHEME:
        raise ValueError(f"not a synthetic address: {address!r} (it starts with {SCHEME}://)")
    place = parts.netloc + parts.path.rstrip("/")
    if place not in PLACES:
        raise ValueError(f"unknown synthetic place {place!r} (allowed: {', '.join(PLACES)})")
    scene = Scene(place=place)
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _OPTIONS:
            raise ValueError(f"unknown synthetic option {name!r} (allowed: {', '.join(_OPTIONS)})")
        read, allowed = _OPTIONS[name]
        try:
            scene = replace(scene, **read(value))
        except ValueError as error:
            raise ValueError(f"bad synthetic option {name}={value!r} (allowed: {allowed})") from error
    return scene


def _within(name: str, low: float, high: float) -> Callable[[str], dict[str, float]]:
    def read(value: str) -> dict[str, float]:
        number = float(value)
        if not low <= number <= high:
            raise ValueError(value)
        return {name: number}

    return read


def _size(value: str) -> dict[str, int]:
    width, height = (int(part) for part in value.split("x"))
    if not (160 <= width <= 1920 and 90 <= height <= 1920) or width % 2 or height % 2:
        raise ValueError(value)
    return {"width": width, "height": height}


def _seed(value: str) -> dict[str, int]:
    seed = int(value)
    if not 0 <= seed < 2**32:
        raise ValueError(value)
    return {"seed": seed}


def _light(value: str) -> dict[str, str]:
    if value not in LIGHTS:
        raise ValueError(value)
    return {"light": value}


def _switch(name: str) -> Callable[[str], dict[str, bool]]:
    def read(value: str) -> dict[str, bool]:
        if value not in _SWITCH:
            raise ValueError(value)
        return {name: _SWITCH[value]}

    return read


# Option: how it is parsed into fields of Scene, and the allowed values for the error message. More than two
# groups a minute would run into each other, and one match cannot be in two attacks at once.
_OPTIONS: Mapping[str, tuple[Callable[[str], Mapping[str, Any]], str]] = MappingProxyType(
    {
        "seed": (_seed, "a whole number from 0 to 4294967295"),
        "light": (_light, " or ".join(LIGHTS)),
        "size": (_size, "WIDTHxHEIGHT, even, from 160x90 to 1920x1920"),
        "fps": (_within("fps", 1, 60), "1 to 60"),
        "noise": (_within("noise", 0, 20), "0 to 20 grey levels"),
        "duration_s": (_within("duration_s", 0.1, 1e7), "0.1 to 10000000 seconds"),
        "audio": (_switch("audio"), "on or off"),
        "exposure": (_switch("exposure"), "on or off"),
        "groups_per_minute": (_within("groups_per_minute", 0, 2), "0 to 2"),
    }
)
