"""An hour of noise in the dark with one crash, of several kinds: which windows are active.

    python bench/hours.py [--minutes 60] [--kinds hum,white,pink,brown,swelling,turning,crowd]

Each is a file of one dark picture a second with sound as G.711, scanned as ``livereel scan`` does, faster
than real time. Prints a JSON line for each kind: windows, those that are active with their peaks, CPU time.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the tests' sounds

import livereel
from tests.kit.sound.hour import KINDS, film


def main() -> None:
    """Scan each kind."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--kinds", default=",".join(KINDS), help="kinds, separated by commas")
    asked = parser.parse_args()
    crash_s = 30.576 * asked.minutes
    for kind in asked.kinds.split(","):
        with tempfile.TemporaryDirectory() as folder:
            path = film(Path(folder) / "film.mov", kind, asked.minutes, crash_s)
            begun_s = time.process_time()
            windows = [seen.window for seen in livereel.scan(path).windows]
            cpu_s = time.process_time() - begun_s
        active = [window for window in windows if not window.quiet]
        row = {
            "kind": kind,
            "crash_s": round(crash_s, 2),
            "windows": len(windows),
            "active": len(active),
            "peaks": [
                [window.index, peak.kind, peak.pts_s, peak.rise_db]
                for window in active
                for peak in (window.sound.peaks if window.sound else ())
            ],
            "speech_s": round(sum(window.sound.speech_s for window in windows if window.sound), 1),
            "cpu_s": round(cpu_s, 1),
        }
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
