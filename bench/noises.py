"""How well noises and speech are found: synthetic scenes, whose sounds are known, and recorded clips.

    python bench/noises.py [--seeds 1-6] [--seconds 600] [FILE...]

Prints a JSON line for each place with synthetic scenes: of each kind of loud sound, how many there were and
how many were found; of all that was found loud, how much was at an event; of the babble, how much was found
as speech, and how much speech was at a sound. Then a line for each file: its noises and speech.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the tests' records

from analyzer.signal.settings import SoundSettings
from analyzer.signal.sound.meter import SoundMeter
from analyzer.signal.sound.record import Sound
from synthetic import Scene, noises, scheduled
from synthetic.sound import RATE_HZ, Soundscape
from tests.kit.records.counting import windows_of

NEAR_S, LATE_S = 0.15, 2.5  # of a peak from its noise; a crowd and a car are loud for a while
LEAST_S = 0.3  # of babble that is found, or speech that counts


def sounds_of(scene: Scene, seconds: int) -> Iterator[Sound]:
    """Yield the sound of a scene in windows of 10 s."""
    soundscape, meter, closed = Soundscape(scene), SoundMeter(SoundSettings()), 0
    for second in range(seconds):
        meter.push(float(second), soundscape.samples(second * RATE_HZ, RATE_HZ))
        if second % 10 == 0 and second > closed:
            sound = meter.close(float(closed), float(second))
            closed = second
            if sound is not None:
                yield sound


def measured(place: str, seeds: range, seconds: int) -> dict[str, object]:
    """Return what is found of the sounds of a place."""
    there: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    loud_right = loud_all = spans_right = spans_all = 0
    for seed in seeds:
        scene = Scene(place=place, seed=seed)
        found = list(sounds_of(scene, seconds))
        loud = [peak.pts_s for sound in found for peak in sound.peaks if peak.kind == "loud"]
        speech = [span for sound in found for span in sound.speech if span.end_s - span.start_s >= LEAST_S]
        known = noises(scene, seconds - 15)
        events = scheduled(scene, seconds)
        for noise in known:
            there[noise.kind] += 1
            if noise.kind == "babble":
                hits["babble"] += any(
                    min(it.end_s, noise.end_s) - max(it.start_s, noise.start_s) >= LEAST_S for it in speech
                )
            else:
                hits[noise.kind] += any(
                    noise.start_s - NEAR_S <= at_s <= noise.end_s + NEAR_S for at_s in loud
                )
        loud_all += len(loud)
        loud_right += sum(
            any(it.start_s - 0.3 <= at_s <= it.end_s + LATE_S for it in events) for at_s in loud
        )
        spans_all += len(speech)
        spans_right += sum(
            any(it.start_s < noise.end_s + 0.3 and noise.start_s - 0.3 < it.end_s for noise in known)
            for it in speech
        )
    return {
        "place": place,
        "seconds": len(seeds) * seconds,
        "recall": {kind: f"{hits[kind]} of {there[kind]}" for kind in sorted(there)},
        "loud_at_events": f"{loud_right} of {loud_all}",
        "speech_at_noises": f"{spans_right} of {spans_all}",
    }


def main() -> None:
    """Measure the places, then the files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--seeds", default="1-6", help="first and last seed")
    parser.add_argument("--seconds", type=int, default=600)
    asked = parser.parse_args()
    first, last = map(int, asked.seeds.split("-"))
    for place in ("street", "field"):
        print(json.dumps(measured(place, range(first, last + 1), asked.seconds)), flush=True)
    for file in asked.files:
        sounds = [window.sound for window in windows_of(file) if window.sound is not None]
        row = {
            "file": file.name,
            "windows": len(sounds),
            "loud": [[it.pts_s, it.rise_db] for sound in sounds for it in sound.peaks if it.kind == "loud"],
            "changes": [it.pts_s for sound in sounds for it in sound.peaks if it.kind == "change"],
            "speech": [[it.start_s, it.end_s] for sound in sounds for it in sound.speech],
            "microphone": sorted({sound.microphone for sound in sounds}),
        }
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
