"""Read the values of a file as records of settings, and note every mistake."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import partial
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from livereel.config.expected import expected, expected_item, is_area, parts
from livereel.config.values import NoReferenceError, UnsetError, WrongValueError, convert

Keys = tuple[str | int, ...]
"""Where a value stands: ``("cameras", 0, "name")``."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a value, and where it stands; ``is_unknown`` where there is no such option."""

    keys: Keys
    problem: str
    is_unknown: bool = False


class Reader:
    """Reads records from mappings. What is wrong is noted, and a default or empty value stands in for it.

    No message shows a value: it may be a secret.

    Attributes:
        mistakes: all that were found so far.
    """

    def __init__(self, root: type) -> None:
        """``root`` is the record of the whole file, in which a misplaced option is looked for."""
        self._root = root
        self.mistakes: list[Mistake] = []

    def read(self, kind: type[T], values: Mapping[Any, Any], keys: Keys = (), base: T | None = None) -> T:
        """Return a record of this kind, whose values stand at ``keys``; ``base`` has the defaults."""
        given = {str(name): value for name, value in values.items()}
        options = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]  # a record's type
        hints = get_type_hints(kind, include_extras=True)
        meant = self._note_unknown([name for name in given if name not in options], list(options), keys)
        found: dict[str, Any] = {}
        for name, field in options.items():
            stand_in = _default(field) if base is None else getattr(base, name)
            found[name] = "" if stand_in is MISSING else stand_in
            if name in given:
                found[name] = self._option(name, hints[name], given[name], found[name], (*keys, name))
            elif stand_in is MISSING and name not in meant:
                self._note((*keys, name), f"is missing: {expected(name, hints[name])}")
        try:
            return kind(**found)
        except ValueError as error:
            self._note(keys, str(error))
            return kind()

    def _note(self, keys: Keys, problem: str) -> None:
        self.mistakes.append(Mistake(keys, problem))

    def _note_unknown(self, names: list[str], options: list[str], keys: Keys) -> set[str]:
        """Note names that are none of a section's options; returns the options that were meant."""
        meant: set[str] = set()
        for name in names:
            near = difflib.get_close_matches(name.lower().replace("-", "_"), options, n=1, cutoff=0.6)
            meant.update(near)
            hint = near[0] if near else self._elsewhere(name)
            known = f"; did you mean {hint}?" if hint else f"; there are {', '.join(options)}"
            self.mistakes.append(Mistake((*keys, name), f"no such option{known}", is_unknown=True))
        return meant

    def _elsewhere(self, name: str) -> str | None:
        """Return where in the whole file there is such an option."""
        return next((path for path in _paths(self._root) if path.rpartition(".")[2] == name), None)

    def _option(self, option: str, hint: Any, value: Any, stand_in: Any, keys: Keys) -> Any:
        bare, _ = parts(hint)
        if value is None and (is_dataclass(bare) or get_origin(bare) in {tuple, dict}):
            return stand_in  # all that is below it is left out, or a comment
        if is_dataclass(bare) and isinstance(value, dict):
            return self.read(type(stand_in), value, keys, stand_in)
        if get_origin(bare) is tuple and isinstance(value, list):
            item = get_args(bare)[0]
            if not is_area(item) or any(isinstance(it, list) for it in value):
                return tuple(self._items(option, item, value, keys))
        otherwise = expected(option, hint, stand_in)
        return self._converted(keys, otherwise, partial(convert, option, hint, value), stand_in)

    def _items(self, option: str, hint: Any, values: list[Any], keys: Keys) -> Iterator[Any]:
        """Yield what the items of a list are read as; wrong values are left out, wrong records empty."""
        for number, value in enumerate(values):
            here = (*keys, number)
            if isinstance(hint, type) and is_dataclass(hint):
                if not isinstance(value, dict):
                    self._note(here, expected_item(option, hint))
                reader = self if isinstance(value, dict) else Reader(self._root)
                yield reader.read(hint, value if isinstance(value, dict) else {}, here)
            else:
                read = partial(convert, option, hint, value)
                converted = self._converted(here, expected_item(option, hint), read, None)
                if converted is not None:
                    yield converted

    def _converted(self, keys: Keys, otherwise: str, read: Callable[[], Any], stand_in: Any) -> Any:
        try:
            return read()
        except WrongValueError:
            self._note(keys, otherwise)
        except UnsetError as error:
            self._note(keys, f"the environment has no {error.name}: set it before livereel starts")
        except NoReferenceError:
            self._note(keys, "a variable of the environment is written ${NAME}: letters, digits and _")
        return stand_in


def _default(field: Field[Any]) -> Any:
    """Return an option's default; MISSING where it has none."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def _paths(kind: type, before: str = "") -> Iterator[str]:
    """Yield the options of a record and of those in it, as ``reel.hold_s`` and ``cameras[].name``."""
    for option, hint in get_type_hints(kind).items():
        yield before + option
        items = get_origin(hint) is tuple
        inner = get_args(hint)[0] if items else hint
        if is_dataclass(inner) and isinstance(inner, type):
            yield from _paths(inner, f"{before}{option}{'[]' if items else ''}.")
