"""What the sound of a camera costs: the share of a core for decoding, and for measuring it.

    python bench/sound.py [--seconds 300]

Prints a JSON line for each codec: seconds of CPU for each second of sound, as a percentage.
"""

from __future__ import annotations

import argparse
import json
import time
from fractions import Fraction
from io import BytesIO
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

from analyzer.signal.settings import SoundSettings
from analyzer.signal.sound.blocks import RATE_HZ
from analyzer.signal.sound.meter import SoundMeter
from stream.demux import demuxed
from stream.media.sound import SoundDecoder

# Codec, container, sampling rate and layout, as cameras send them; packets of G.711 hold 20 to 40 ms.
FORMS = (
    ("aac", "mpegts", 48_000, "stereo", 1024),
    ("aac", "mpegts", 16_000, "mono", 1024),
    ("pcm_mulaw", "mov", 8_000, "mono", 320),
)


Form = tuple[str, str, int, str, int]


def encoded(form: Form, seconds: int) -> BytesIO:
    """Return noise as a file in memory."""
    codec, container, rate_hz, layout, chunk = form
    file = BytesIO()
    rng = np.random.default_rng(1)
    with av.open(file, "w", format=container) as out:
        stream = cast("AudioStream", out.add_stream(codec, rate=rate_hz))
        stream.codec_context.layout = layout
        for first in range(0, seconds * rate_hz, chunk):
            if codec == "aac":
                channels = 2 if layout == "stereo" else 1
                noise = (0.02 * rng.standard_normal((channels, chunk))).astype(np.float32)
                frame = av.AudioFrame.from_ndarray(noise, "fltp", layout)
            else:
                frame = av.AudioFrame.from_ndarray(
                    rng.integers(-600, 600, (1, chunk), np.int16), "s16", layout
                )
            frame.sample_rate, frame.pts, frame.time_base = rate_hz, first, Fraction(1, rate_hz)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    file.seek(0)
    return file


def measured(file: BytesIO, seconds: int, *, measure: bool) -> float:
    """Return the CPU time of decoding a file, and of measuring it if asked for, as a percentage."""
    with cast("InputContainer", av.open(file)) as container:
        stream = container.streams.audio[0]
        packets = [packet for packet in demuxed(container, [stream]) if packet.size]
        decoder = SoundDecoder(stream.codec_context, rate_hz=RATE_HZ, layout="mono")
        meter, windows = SoundMeter(SoundSettings()), 0
        begun_s = time.process_time()
        for packet in packets:
            for at_s, samples in decoder.decode(packet):
                if measure:
                    meter.push(float(at_s), samples[0])
                    while meter.measured_s >= 10 * windows + 10.1:
                        meter.close(10.0 * windows, 10.0 * windows + 10)
                        windows += 1
        return 100 * (time.process_time() - begun_s) / seconds


def main() -> None:
    """Measure each form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    seconds = parser.parse_args().seconds
    for form in FORMS:
        file = encoded(form, seconds)
        decoding = measured(file, seconds, measure=False)
        file.seek(0)
        both = measured(file, seconds, measure=True)
        row = {"codec": form[0], "rate_hz": form[2], "layout": form[3]}
        shares = {"decode_percent": round(decoding, 2), "with_measuring_percent": round(both, 2)}
        print(json.dumps(row | shares))


if __name__ == "__main__":
    main()
