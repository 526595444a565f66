"""What the sound of a camera costs: the share of a core for decoding, measuring, and marking speech in it.

    python bench/sound.py [--seconds 120] [--rounds 5]

Prints a JSON line for each codec: seconds of CPU for each second of sound, as a percentage. What is compared
is run in turn, and of the rounds the median is printed: on a machine that others use, CPU time varies. Steady
noise is not listened to, nor are most bursts of noise; talk is all the time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the tests' sounds

from analyzer.signal.settings import SoundSettings
from analyzer.signal.sound.meter import SoundMeter
from livereel.camera.epoch_sound import sound_decoder
from stream.demux import demuxed
from tests.kit.sound import made

# Codec, container, sampling rate and layout, as cameras send them; packets of G.711 hold 20 to 40 ms.
FORMS = (
    ("aac", "mpegts", 48_000, "stereo", 1024),
    ("aac", "mpegts", 16_000, "mono", 1024),
    ("pcm_mulaw", "mov", 8_000, "mono", 320),
)

Form = tuple[str, str, int, str, int]


def encoded(form: Form, sound: made.Samples) -> BytesIO:
    """Return a sound as a file in memory."""
    codec, container, rate_hz, layout, chunk = form
    file = BytesIO()
    places = np.arange(len(sound) * rate_hz // made.RATE_HZ) * made.RATE_HZ / rate_hz
    samples = np.interp(places, np.arange(len(sound)), sound).astype(np.float32)
    channels = 2 if layout == "stereo" else 1
    with av.open(file, "w", format=container) as out:
        stream = cast("AudioStream", out.add_stream(codec, rate=rate_hz))
        stream.codec_context.layout = layout
        for first in range(0, len(samples) // chunk * chunk, chunk):
            piece = np.tile(samples[first : first + chunk], (channels, 1))
            if codec == "aac":
                frame = av.AudioFrame.from_ndarray(piece, "fltp", layout)
            else:
                frame = av.AudioFrame.from_ndarray(np.round(piece * 32767).astype(np.int16), "s16", layout)
            frame.sample_rate, frame.pts, frame.time_base = rate_hz, first, Fraction(1, rate_hz)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file


def measured(file: BytesIO, seconds: int, settings: SoundSettings | None) -> float:
    """Return the CPU time of decoding a file, and of measuring it with these settings, as a percentage."""
    file.seek(0)
    with cast("InputContainer", av.open(file)) as container:
        stream = container.streams.audio[0]
        packets = [packet for packet in demuxed(container, [stream]) if packet.size]
        decoder = sound_decoder(stream)
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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    seconds = asked.seconds
    loud = np.mod(np.arange(seconds * made.RATE_HZ), made.RATE_HZ) < made.RATE_HZ // 4
    steady = made.coloured(seconds, -34.0, slope=0.0)
    bursts = np.asarray(steady * np.where(loud, 4, 1), np.float32)
    talk = made.mixed(made.fan(seconds), (0.0, made.talk(seconds)))
    for form in FORMS:
        noise, noises, voice = (encoded(form, sound) for sound in (steady, bursts, talk))
        what = {
            "decode": (noise, None),
            "with_measuring": (noise, SoundSettings(speech=False)),
            "with_speech": (noise, SoundSettings()),
            "with_speech_in_bursts_of_noise": (noises, SoundSettings()),
            "with_speech_in_talk": (voice, SoundSettings()),
        }
        shares: dict[str, list[float]] = {name: [] for name in what}
        for _ in range(asked.rounds):
            for name, (file, settings) in what.items():
                shares[name].append(measured(file, seconds, settings))
        row = {"codec": form[0], "rate_hz": form[2], "layout": form[3]}
        medians = {f"{name}_percent": round(statistics.median(them), 2) for name, them in shares.items()}
        print(json.dumps(row | medians))


if __name__ == "__main__":
    main()
