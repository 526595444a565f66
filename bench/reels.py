"""How short a recap is, and which labelled events it keeps: reels of real clips against their labels.

    python bench/reels.py MEDIA [--made DIR] [--livereel PROGRAM]

MEDIA is a folder with the clips that LABELS names. Each is recapped with PROGRAM (the one beside this Python,
unless told otherwise) into DIR/CLIP, unless that is there already. An event is kept where the reel shows half
a second of it (all of a shorter one), and whole where it shows all but 0.3 s, to which the labels are good. A
cut is kept where its first frame is shown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

Span = tuple[float, float]

KEPT_S = 0.5
LABEL_S = 0.3

# What happens when, read off the frames; a cut's span is its first frame.
LABELS: dict[str, list[Span]] = {
    "car-detection.mp4": [(4.2, 9.0), (14.2, 19.4), (25.0, 27.8)],
    "bottle-detection.mp4": [
        (5.6, 7.3), (11.0, 13.6), (15.8, 18.3), (21.8, 24.8), (27.2, 29.2), (30.6, 32.2), (34.5, 37.0),
    ],
    "big_buck_bunny_480p_30s.mp4": [(11.875, 11.9), (15.75, 15.78), (20.4, 21.1), (23.042, 23.07)],
    "highway_video02.avi": [(2.8, 9.0), (17.0, 19.0), (20.4, 20.6)],
    "vtest_pedestrians_480x360.mp4": [(50.6, 61.0), (61.0, 73.0)],
    "football_juggle_720p.mp4": [(0.0, 10.29)],
    "dog_run_hevc10.mkv": [(0.0, 3.67)],
}  # fmt: skip


def shown(reel: dict[str, Any]) -> list[Span]:
    """What a reel shows, in media time."""
    parts = [part for chapter in reel["chapters"] for part in chapter.get("parts") or [chapter]]
    return [(part["start_s"], part["end_s"]) for part in parts]


def seen_s(event: Span, spans: list[Span]) -> float:
    """How much of an event is shown, in seconds."""
    return sum(max(0.0, min(event[1], end_s) - max(event[0], start_s)) for start_s, end_s in spans)


def main() -> None:
    """Make the reels that are missing and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("media", type=Path)
    parser.add_argument("--made", type=Path)
    parser.add_argument("--livereel", type=Path, default=Path(sys.executable).with_name("livereel"))
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        report(told.media, told.made or Path(scratch), told.livereel)


def report(media: Path, made: Path, program: Path) -> None:
    """Print the table of the clips' reels."""
    print("| clip | source s | reel s | share | events | kept | whole |")
    print("| --- | --: | --: | --: | --: | --: | --: |")
    totals = [0.0, 0.0, 0, 0, 0]
    for name, events in LABELS.items():
        if not (made / name).exists():
            subprocess.run(
                [program, "recap", media / name, "--out", made / name], check=True, capture_output=True
            )
        reel = json.loads((made / name / "reel.json").read_text())
        rows = [json.loads(line) for line in (made / name / "windows.jsonl").read_text().splitlines()]
        spans = shown(reel)
        source_s = sum(row["end_s"] - row["start_s"] for row in rows)
        seen = [(event[1] - event[0], seen_s(event, spans)) for event in events]
        kept = sum(part_s >= min(KEPT_S, length_s) - 0.02 for length_s, part_s in seen)
        whole = sum(part_s >= length_s - LABEL_S and part_s > 0 for length_s, part_s in seen)
        line = [source_s, reel["duration_s"], len(events), kept, whole]
        totals = [total + value for total, value in zip(totals, line, strict=True)]
        print(row_of(name, line))
    print(row_of("all", totals))


def row_of(name: str, line: list[float]) -> str:
    """A row of the table."""
    source_s, reel_s, events, kept, whole = line
    return (
        f"| {name} | {source_s:.1f} | {reel_s:.1f} | {reel_s / source_s:.0%} | {events} | {kept} | {whole} |"
    )


if __name__ == "__main__":
    main()
