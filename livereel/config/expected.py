"""What an option expects, as a phrase with an example."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import DocInfo, Ge, Gt, Le

from livereel.config.quantity import quantity_of

EXAMPLES = {
    "at": '"20:00"',
    "api_key_variable": "OPENAI_API_KEY",
    "base_url": "http://127.0.0.1:8000/v1",
    "cameras": "{name: front, source: film.mp4}",
    "client_id": "livereel-1",
    "detect_source": "rtsp://10.0.0.5/sub",
    "endpoint": "qwen-vl",
    "every_s": "1min",
    "extra_body": "{keep_alive: 1h}",
    "extra_headers": "{X-Key: abc}",
    "frame_ancestors": '"http://homeassistant.local:8123"',
    "hold_s": "400ms",
    "horizon_s": "1h",
    "host": "mqtt://10.0.0.9:1883",
    "ignore": "[0, 0, 640, 80]",
    "ingress_from": '"172.30.32.2"',
    "language": "English",
    "max_chapters": "10",
    "max_duration_s": "90s",
    "max_early_s": "1s",
    "max_fps": "15",
    "max_in_flight": "8",
    "min_chapters": "7",
    "min_rise_db": "10",
    "minutes_per_hour": "30",
    "model": "Qwen/Qwen2-VL-7B-Instruct",
    "mqtt": "host: mqtt://10.0.0.9:1883",
    "name": "front",
    "notify": '{url: "ntfys://ntfy.sh/my-topic"}',
    "normal": "cars are parked at the kerb",
    "options": "{max_num_seqs: 64}",
    "password": '"${MQTT_PASSWORD}"',
    "poll_s": "5s",
    "port": "1883",
    "profile": "sports",
    "profiles": "{harbour: ships count most}",
    "public_url": "https://home.example/livereel",
    "quantization": "fp8",
    "quiet_hours": '"22:00-06:00"',
    "reels": '{name: evening, at: "20:00"}',
    "region": "eu-central-1",
    "regions": "[0, 0, 640, 360]",
    "root_path": "/livereel",
    "source": "rtsp://10.0.0.5/main",
    "speech_counts": "true",
    "store": "s3://my-bucket/livereel",
    "tell_me_when": '"the gate stands open"',
    "timezone": "Europe/Berlin",
    "tls_ca_certs": "authorities.pem",
    "tls_client_cert": "livereel.pem",
    "tls_client_key": "livereel.key",
    "token": '"${LIVEREEL_TOKEN}"',
    "tokens_per_hour": "200000",
    "url": "ntfys://ntfy.sh/my-topic",
    "user": "livereel",
    "when": "alert",
    "windows_per_minute": "30",
}
"""An example of each option whose default is none, of an item of each list, and of a section of those."""

# Where an option of a name that EXAMPLES has for records is a list of their names.
_NAMES = {"cameras": "front"}

# Of the pages, whose defaults are examples; the broker's options of the same names have none.
_DEFAULT_SHOWS = frozenset({"host", "port"})

_PHRASES: dict[Any, str] = {bool: "true or false", tuple: "a list", dict: "names with their values"}
_TEXT = "text (in quotes if it is a number, yes, no, on or off)"
_AREA = "a rectangle [x, y, width, height], or at least three corners [[x, y], ...], in pixels"


def parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a type without its bounds, and the bounds."""
    return (hint.__origin__, hint.__metadata__) if get_origin(hint) is Annotated else (hint, ())


def arms(hint: Any) -> tuple[Any, ...]:
    """Return the types of a union; of any other type itself."""
    bare, _ = parts(hint)
    return get_args(bare) if get_origin(bare) in {Union, UnionType} else (hint,)


def is_area(hint: Any) -> bool:
    """Return whether a type is a rectangle or a polygon, the only one that may be either of two."""
    return len(arms(hint)) > 1 and NoneType not in arms(hint)


def expected(option: str, hint: Any, default: object = None) -> str:
    """Return what is expected of an option of this type and default, with an example."""
    kinds = [arm for arm in arms(hint) if arm is not NoneType]
    documented = next((it.documentation for it in parts(kinds[0])[1] if isinstance(it, DocInfo)), "")
    phrase, _, example = documented.partition(", such as ")
    phrase = (phrase or _phrase(option, kinds[0])) + (", or null" if len(kinds) < len(arms(hint)) else "")
    return _such_as(phrase, example or _example(option, kinds[0], default))


def expected_item(option: str, hint: Any) -> str:
    """Return what is expected of an item of an option that is a list, with an example."""
    phrase = _AREA if is_area(hint) else _phrase(option, hint)
    return _such_as(phrase, _item_example(option, hint))


def _such_as(phrase: str, example: str) -> str:
    return f"expected {phrase}, such as {example}" if example else f"expected {phrase}"


def _phrase(option: str, hint: Any) -> str:
    bare, bounds = parts(hint)
    origin = get_origin(bare)
    if origin is Literal:
        return _either([str(choice) for choice in get_args(bare)])
    if bare in {int, float}:
        return f"{_number(option, bare)} {_range(option, bounds)}"
    if is_dataclass(bare):
        return "options as 'key: value' lines, indented below it"
    return _PHRASES.get(origin or bare, _TEXT)


def _number(option: str, kind: type) -> str:
    quantity = quantity_of(option)
    if quantity is not None:
        return quantity.noun
    return "a whole number" if kind is int else "a number"


def _range(option: str, bounds: tuple[Any, ...]) -> str:
    match bounds:
        case (Ge(ge=least), Le(le=most)):
            return f"from {_written(option, least)} to {_written(option, most)}"
        case (Gt(gt=below), Le(le=most)):
            return f"above {_written(option, below)}, up to {_written(option, most)}"
        case (Ge(ge=least),):
            return f"of at least {_written(option, least)}"
        case (Gt(gt=below),):
            return f"above {_written(option, below)}"
        case _:
            return ""


def _example(option: str, hint: Any, default: object) -> str:
    bare, _ = parts(hint)
    if get_origin(bare) is tuple:
        return f"[{_item_example(option, get_args(bare)[0])}]"
    if option in EXAMPLES and not (option in _DEFAULT_SHOWS and default):
        return EXAMPLES[option]
    if get_origin(bare) is Literal or bare is bool:
        return ""  # all there is has been named
    if is_dataclass(bare):
        return next(_lines_of(default), "")
    if isinstance(default, int | float):
        return _written(option, default)
    return str(default) if isinstance(default, str | Path) else ""


def _item_example(option: str, hint: Any) -> str:
    return _NAMES[option] if hint is str and option in _NAMES else EXAMPLES.get(option, "")


def _lines_of(section: object) -> Iterator[str]:
    for option in getattr(type(section), "__dataclass_fields__", ()):
        value = getattr(section, option)
        if isinstance(value, bool):
            yield f"{option}: {str(value).lower()}"
        elif isinstance(value, str | int | float):
            yield f"{option}: {_written(option, value) if not isinstance(value, str) else value}"


def _written(option: str, value: Any) -> str:
    quantity = quantity_of(option)
    return f"{value:.15g}" if quantity is None or not value else quantity.write(value)


def _either(choices: list[str]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else choices[0]
