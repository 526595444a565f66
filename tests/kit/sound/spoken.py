"""Sentences said by espeak-ng: mono, 16 kHz."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from io import BytesIO

import av
import numpy as np

from tests.kit.sound.made import RATE_HZ, Samples

ESPEAK = shutil.which("espeak-ng")
# What is fainter than this share of the loudest sample is silence before or after the words.
_FAINT = 0.02


@cache
def spoken(text: str, voice: str = "en", words_a_minute: int = 150) -> Samples:
    """Return a sentence without the silence before and after it."""
    assert ESPEAK is not None
    said = [ESPEAK, "--stdout", "-v", voice, "-s", str(words_a_minute), text]
    wave = subprocess.run(said, capture_output=True, check=True).stdout
    resampler = av.AudioResampler("flt", "mono", RATE_HZ)
    with av.open(BytesIO(wave), "r") as file:
        frames = [out for frame in file.decode(audio=0) for out in resampler.resample(frame)]
    samples = np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]])
    loud = np.flatnonzero(np.abs(samples) > _FAINT * np.abs(samples).max())
    return np.asarray(samples[loud[0] : loud[-1] + 1], np.float32)
