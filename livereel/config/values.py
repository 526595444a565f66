"""Turn the values of a YAML file into those of options, within their bounds."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, MinLen, Predicate

from livereel.config.expected import arms, parts
from livereel.config.quantity import quantity_of

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class WrongValueError(Exception):
    """A value is not of its option's type, or out of its bounds."""


class NoReferenceError(Exception):
    """A text has a ``${`` that begins no reference to a variable."""


class UnsetError(Exception):
    """A value names a variable, ``name``, that the environment has not."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def convert(option: str, hint: Any, value: Any) -> Any:
    """Return a value as its option's type has it; raises WrongValueError, UnsetError or NoReferenceError.

    ``${NAME}`` in a text is taken from the environment. A quantity may be written with its unit.
    """
    kinds = arms(hint)
    if value is None and NoneType in kinds:
        return None
    for kind in kinds:
        if kind is not NoneType:
            try:
                return _bounded(option, kind, value)
            except WrongValueError:
                continue
    raise WrongValueError


def _bounded(option: str, hint: Any, value: Any) -> Any:
    bare, bounds = parts(hint)
    converted = _bare(option, bare, _expanded(value) if isinstance(value, str) else value)
    if not all(_holds(bound, converted) for bound in bounds):
        raise WrongValueError
    return converted


def _bare(option: str, bare: Any, value: Any) -> Any:
    origin = get_origin(bare)
    if origin is tuple:
        return _items(option, get_args(bare), value)
    if origin is dict:
        return _names(option, get_args(bare)[1], value)
    if origin is Literal:
        return _choice(get_args(bare), value)
    return _any(value) if bare is Any else _scalar(option, bare, value)


def _scalar(option: str, kind: type, value: Any) -> Any:
    if kind is bool:
        return _truth(value)
    if kind in {int, float}:
        return _number(option, kind, value)
    if kind not in {str, Path} or not isinstance(value, str) or (kind is Path and not value):
        raise WrongValueError
    return kind(value)


def _items(option: str, hints: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise WrongValueError
    if hints[-1] is Ellipsis:
        hints = hints[:1] * len(value)
    if len(hints) != len(value):
        raise WrongValueError
    return tuple(convert(option, hint, item) for hint, item in zip(hints, value, strict=True))


def _names(option: str, hint: Any, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongValueError
    return {str(name): convert(option, hint, item) for name, item in value.items()}


def _choice(choices: tuple[Any, ...], value: Any) -> Any:
    """Return the choice of this name; ``protocol: 5`` is YAML's way to say "5"."""
    for choice in choices:
        if str(value) == choice and not isinstance(value, bool):
            return choice
    raise WrongValueError


def _truth(value: Any) -> bool:
    known = value if isinstance(value, bool) else _WORDS.get(str(value).lower())
    if known is None:
        raise WrongValueError
    return known


def _number(option: str, kind: type, value: Any) -> Any:
    number = _quantity(option, value) if isinstance(value, str) else value
    if not isinstance(number, int | float) or isinstance(number, bool) or not _is_finite(number):
        raise WrongValueError
    if kind is int and number != int(number):
        raise WrongValueError
    return kind(number)


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number that no float can hold
        return False


def _quantity(option: str, text: str) -> float | None:
    quantity = quantity_of(option)
    if quantity is not None:
        return quantity.read(text)
    try:
        return float(text)
    except ValueError:
        return None


def _any(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _any(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_any(item) for item in value]
    return _expanded(value) if isinstance(value, str) else value


def _expanded(text: str) -> str:
    for name in _REFERENCE.findall(text):
        if name not in os.environ:
            raise UnsetError(name)
    if "${" in _REFERENCE.sub("", text):
        raise NoReferenceError
    return _REFERENCE.sub(lambda match: os.environ[match[1]], text)


def _holds(bound: object, value: Any) -> bool:
    match bound:
        case Ge(ge=least):
            return bool(value >= least)
        case Gt(gt=below):
            return bool(value > below)
        case Le(le=most):
            return bool(value <= most)
        case MinLen(min_length=length):
            return len(value) >= length
        case Predicate(func=holds):
            return bool(holds(value))
        case _:
            return True
