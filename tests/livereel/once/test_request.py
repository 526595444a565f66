"""Times and lengths as people write them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from livereel.config.schema import UsageError
from livereel.once.request import parse_media_time, read_request


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("1:30", 90.0),
        ("1:02:30.5", 3750.5),
        ("1h2m", 3720.0),
        ("1m30s", 90.0),
        ("1.5m", 90.0),
        ("90:00", 5400.0),
        (" 2H ", 7200.0),
    ],
)
def test_a_time_is_read_as_it_is_written(text: str, seconds: float) -> None:
    assert parse_media_time("--from", text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "1:2:3:4", "1m2h", "1:3O"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"--to .*: expected seconds, 1:30 or 1m30s"):
        parse_media_time("--to", text)


def test_a_request_names_the_part_and_the_length() -> None:
    request = read_request(["a.mp4"], Path("out"), "1m", "1:30", "2m", single_file=True)
    assert (request.span.start_s, request.span.end_s, request.length_s) == (90.0, 120.0, 60.0)
    assert request.single_file
    assert read_request(["a.mp4"], Path("out"), None, None, None, single_file=False).span.end_s == math.inf


@pytest.mark.parametrize(
    ("length", "from_", "to", "said"),
    [
        ("1", None, None, "--length 1: a reel lasts at least 2 s"),
        (None, "1:30", "90", "--to 90: it must be later than --from 1:30"),
        (None, None, "0", "--to 0: it must be later than --from 0"),
    ],
)
def test_what_makes_no_sense_is_refused(
    length: str | None, from_: str | None, to: str | None, said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        read_request(["a.mp4"], Path("out"), length, from_, to, single_file=False)
    assert str(refused.value) == said
