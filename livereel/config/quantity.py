"""Quantities: numbers that may have a unit, such as ``20GB``, ``7d`` or ``500 ms``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

_WRITTEN = re.compile(r"([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-z]*)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A kind of quantity.

    Attributes:
        noun: what it is.
        unit: of a number without one.
        units: what each unit is of that one, the largest first; in lower case.
        shown: the units in which one is written, the largest first; none where a bare number is clear.
    """

    noun: str
    unit: str
    units: Mapping[str, Decimal]
    shown: tuple[str, ...]

    def read(self, text: str) -> float | None:
        """Return a written quantity in ``unit``; None where it is none."""
        match = _WRITTEN.fullmatch(text.strip())
        if match is None:
            return None
        factor = self.units.get(match[2].lower() or self.unit.lower())
        if factor is None:
            return None
        try:
            return float(Decimal(match[1].replace("_", "")) * factor)
        except ArithmeticError:  # more than a Decimal can hold
            return None

    def write(self, value: float) -> str:
        """Return the quantity in the largest unit of which it is a whole number."""
        for unit in self.shown:
            count = Decimal(str(value)) / self.units[unit.lower()]
            if count >= 1 and count == int(count):
                return f"{int(count)}{unit}"
        return f"{value:g}{self.unit if self.shown else ''}"


def _quantity(noun: str, unit: str, shown: str, units: Mapping[str, str]) -> Quantity:
    base = Decimal(units[unit.lower()])
    return Quantity(
        noun, unit, {name: Decimal(size) / base for name, size in units.items()}, tuple(shown.split())
    )


_TIMES = {"w": "604800", "d": "86400", "h": "3600", "min": "60", "m": "60", "s": "1", "ms": "0.001"}
_SIZES = {"tb": "1e12", "gb": "1e9", "mb": "1e6", "kb": "1e3"}
_SIZES |= {"tib": str(1 << 40), "gib": str(1 << 30), "mib": str(1 << 20), "kib": str(1 << 10), "b": "1"}

QUANTITIES = {
    "_s": _quantity("a time", "s", "d h min s ms", _TIMES),
    "_h": _quantity("a time", "h", "d h min s", _TIMES),
    "_bytes": _quantity("a size", "B", "TB GB MB kB B", _SIZES),
    "_px": _quantity("a number of pixels", "px", "", {"px": "1"}),
}
"""What an option is whose name ends so."""


def quantity_of(option: str) -> Quantity | None:
    """Return the quantity that an option is; None where it is a number without a unit, or none."""
    return next((it for suffix, it in QUANTITIES.items() if option.endswith(suffix)), None)
