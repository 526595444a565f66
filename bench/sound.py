"""What the sound of a camera costs: the share of a core for decoding, measuring, and marking speech in it.

    python bench/sound.py [--seconds 300]

Prints a JSON line for each codec: seconds of CPU for each second of sound, as a percentage. Steady noise
is not listened to; noise that comes and goes is, at all times.
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


def encoded(form: Form, seconds: int, *, steady: bool = True) -> BytesIO:
    """Return noise as a file in memory, steady or loud for a quarter of every second."""
    codec, container, rate_hz, layout, chunk = form
    file = BytesIO()
    rng = np.random.default_rng(1)
    with av.open(file, "w", format=container) as out:
        stream = cast("AudioStream", out.add_stream(codec, rate=rate_hz))
        stream.codec_context.layout = layout
        for first in range(0, seconds * rate_hz, chunk):
            gain = 1 if steady or first % rate_hz > rate_hz // 4 else 4
            if codec == "aac":
                channels = 2 if layout == "stereo" else 1
                noise = (0.02 * gain * rng.standard_normal((channels, chunk))).astype(np.float32)
                frame = av.AudioFrame.from_ndarray(noise, "fltp", layout)
            else:
                frame = av.AudioFrame.from_ndarray(
                    gain * rng.integers(-600, 600, (1, chunk), np.int16), "s16", layout
                )
            frame.sample_rate, frame.pts, frame.time_base = rate_hz, first, Fraction(1, rate_hz)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    file.seek(0)
    return file


def measured(file: BytesIO, seconds: int, settings: SoundSettings | None) -> float:
    """Return the CPU time of decoding a file, and of measuring it with these settings, as a percentage."""
    file.seek(0)
    with cast("InputContainer", av.open(file)) as container:
        stream = container.streams.audio[0]
        packets = [packet for packet in demuxed(container, [stream]) if packet.size]
        decoder = SoundDecoder(stream.codec_context, rate_hz=RATE_HZ, layout="mono")
        meter, windows = SoundMeter(settings or SoundSettings()), 0
        begun_s = time.process_time()
        for packet in packets:
            for at_s, samples in decoder.decode(packet):
                if settings:
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
        shares = {
            "decode": measured(file, seconds, None),
            "with_measuring": measured(file, seconds, SoundSettings(speech=False)),
            "with_speech": measured(file, seconds, SoundSettings()),
            "with_speech_at_all_times": measured(
                encoded(form, seconds, steady=False), seconds, SoundSettings()
            ),
        }
        row = {"codec": form[0], "rate_hz": form[2], "layout": form[3]}
        print(json.dumps(row | {f"{name}_percent": round(share, 2) for name, share in shares.items()}))


if __name__ == "__main__":
    main()
