"""How well the built-in describer counts: staged films whose movers are known exactly, encoded as H.264.

One JSON line for each kind of film and one for all with up to three movers: in how many windows the number of
movers that were there at once is exact, in how many none was found, too few or too many, the worst errors,
and in how many the text says a number that is too high. With files, their windows' counts besides. To
compare with another version, put it first on the path:

    .venv/bin/python bench/counts.py [--seeds 1-12] [--kinds near,juggling] [--text] [FILE...]
    PYTHONPATH=OTHER_CHECKOUT .venv/bin/python bench/counts.py
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the tests' films

from analyzer.describe.builtin.describer import BuiltinDescriber
from analyzer.signal.window import Window
from tests.kit.films.staged import KINDS, stage
from tests.kit.records.counting import windows_of

_NUMBERS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_SAID = re.compile(rf"\b({'|'.join(_NUMBERS)}) movers", re.IGNORECASE)
_CHANCE_S = 0.5


@dataclass(frozen=True, slots=True)
class Count:
    """One window: how many there were at once, how many were found at once, and the highest number said."""

    kind: str
    seed: int
    truth: int
    found: int
    said: int
    title: str


def at_once(window: Window) -> int:
    """The most movers that were there together for half a second."""
    movers = window.activity.movers
    return max(
        (
            1
            + sum(
                other.start_s <= each.start_s
                and other.end_s - each.start_s >= min(_CHANCE_S, each.end_s - each.start_s)
                for other in movers
                if other is not each
            )
            for each in movers
        ),
        default=0,
    )


def count(kind: str, seed: int) -> Count:
    """Stage, encode, watch and describe one film."""
    staged = stage(kind, seed)
    with tempfile.TemporaryDirectory() as folder:
        window = windows_of(staged.write(Path(folder) / "film.mp4"))[0]
    moment = asyncio.run(BuiltinDescriber().describe(window))
    said = max(
        (_NUMBERS.index(n.lower()) + 2 for n in _SAID.findall(f"{moment.title}. {moment.text}")), default=0
    )
    return Count(kind, seed, staged.at_once, at_once(window), said, moment.title)


def row(name: str, counts: Sequence[Count]) -> dict[str, object]:
    """What is printed of one kind."""
    errors = [each.found - each.truth for each in counts]
    return {
        "kind": name,
        "windows": len(counts),
        "exact": round(sum(error == 0 for error in errors) / len(errors), 3),
        "silent": sum(each.found == 0 < each.truth for each in counts),
        "too_low": sum(0 < each.found < each.truth for each in counts),
        "too_high": sum(error > 0 for error in errors),
        "worst": [min(errors), max(errors)],
        "said_too_high": sum(each.said > each.truth for each in counts),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--seeds", default="1-12", help="first and last seed")
    parser.add_argument("--kinds", default=",".join(KINDS), help="kinds, separated by commas")
    parser.add_argument("--text", action="store_true", help="a line for each window that is not exact")
    arguments = parser.parse_args()
    first, last = map(int, arguments.seeds.split("-"))
    few: list[Count] = []
    for kind in arguments.kinds.split(","):
        counts = [count(kind, seed) for seed in range(first, last + 1)]
        print(json.dumps(row(kind, counts)), flush=True)
        few += [each for each in counts if each.truth <= 3]
        for each in counts:
            if arguments.text and each.found != each.truth:
                print(f"    {each.kind} {each.seed}: {each.truth}, found {each.found}, {each.title}")
    print(json.dumps(row("up to three movers", few)))
    for file in arguments.files:
        found = [at_once(window) for window in windows_of(file)]
        print(json.dumps({"file": file.name, "at_once": found}))


if __name__ == "__main__":
    main()
