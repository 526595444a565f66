"""The settings of retention, with their bounds; light to import: the configuration embeds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """What may be kept: up to an age, up to a size, and with so much left free on the disk."""

    max_age_h: Annotated[float, Gt(0)] = 168.0
    max_bytes: Annotated[int, Gt(0)] = 20_000_000_000
    min_free_bytes: Annotated[int, Ge(0)] = 2_000_000_000
