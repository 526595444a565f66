"""A quantity may have a unit; a bare number means what its option's name says."""

from __future__ import annotations

from pathlib import Path

import pytest

from livereel.config.file import load
from livereel.config.quantity import quantity_of


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("hold_s", "0.4", 0.4),
        ("hold_s", "500 ms", 0.5),
        ("hold_s", "10s", 10.0),
        ("hold_s", "2 min", 120.0),
        ("hold_s", "2m", 120.0),
        ("hold_s", "1.5h", 5400.0),
        ("hold_s", ".5 H", 1800.0),
        ("max_age_h", "36", 36.0),
        ("max_age_h", "36h", 36.0),
        ("max_age_h", "7d", 168.0),
        ("max_age_h", "2w", 336.0),
        ("max_age_h", "90min", 1.5),
        ("max_bytes", "20GB", 20e9),
        ("max_bytes", "500 mb", 500e6),
        ("max_bytes", "1GiB", float(1 << 30)),
        ("max_bytes", "20_000", 20_000.0),
        ("max_bytes", "1e9", 1e9),
        ("keyframe_px", "640 px", 640.0),
    ],
)
def test_a_unit_is_read(option: str, text: str, value: float) -> None:
    quantity = quantity_of(option)
    assert quantity is not None
    assert quantity.read(text) == value


@pytest.mark.parametrize("text", ["", "s", "10 lightyears", "10 s s", "1.2.3", "10GB", "ten", "0x10"])
def test_what_is_no_time_is_none(text: str) -> None:
    quantity = quantity_of("hold_s")
    assert quantity is not None
    assert quantity.read(text) is None


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("hold_s", 0.4, "400ms"),
        ("hold_s", 90.0, "90s"),
        ("hold_s", 3600.0, "1h"),
        ("hold_s", 0.0001, "0.0001s"),
        ("max_age_h", 168.0, "7d"),
        ("max_bytes", 20_000_000_000, "20GB"),
        ("keyframe_px", 640, "640"),
    ],
)
def test_a_quantity_is_written_so_that_it_is_read_again(option: str, value: float, text: str) -> None:
    quantity = quantity_of(option)
    assert quantity is not None
    assert quantity.write(value) == text
    assert quantity.read(text) == value


def test_units_are_read_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "window_s: 20s\nretention: {max_age_h: 36h, max_bytes: 500MB}\nmqtt: {keepalive_s: 1min}\n"
        "reel: {hold_s: 500 ms}\n"
    )
    config = load(file)
    assert config.window_s == 20.0
    assert (config.retention.max_age_h, config.retention.max_bytes) == (36.0, 500_000_000)
    assert isinstance(config.retention.max_bytes, int)
    assert (config.mqtt.keepalive_s, config.reel.hold_s) == (60, 0.5)
