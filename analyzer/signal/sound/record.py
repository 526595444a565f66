"""What is kept of a window's sound, as records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LEVEL_STEP_S = 0.2
CHANGE_STRENGTH = SPEECH_STRENGTH = 1 / 3
# A word alone counts for nothing: it may be none.
_COUNTS_S = 1.0

PeakKind = Literal["loud", "change"]
"""``loud``: clearly above the noise floor; ``change``: another kind of sound, of about the same level."""

MicrophoneState = Literal["live", "silent", "dead"]
"""``silent``: every sample of the window is the same; ``dead``: nothing but that, or the faint noise of
electronics, for a minute or more."""


@dataclass(frozen=True, slots=True)
class SoundPeak:
    """A local maximum of the level, or a place at which the sound changes.

    Attributes:
        pts_s: media time: of the loudest hundredth of a second, or of the change (to half a second).
        level_db: level of that tenth of a second; of a change, of the sound after it.
        rise_db: how much that is above the noise floor, in dB; of a change, how much the spectrum differs.
        kind: see PeakKind.
    """

    pts_s: float
    level_db: float
    rise_db: float
    kind: PeakKind = "loud"

    @property
    def strength(self) -> float:
        """How much it stands out, 0 to 1: 30 dB above the noise floor is 1, a change of sound a third."""
        return CHANGE_STRENGTH if self.kind == "change" else min(1.0, max(0.0, self.rise_db / 30.0))


@dataclass(frozen=True, slots=True)
class Speech:
    """A part of the window in which there is speech.

    Attributes:
        start_s, end_s: media time; speech that goes on over a window's end has a part in each.
        text: what was said; empty while it is not known.
    """

    start_s: float
    end_s: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """Who has recognised the text of a window's speech.

    Attributes:
        model: the recogniser's name.
        latency_s: from the request to the text.
        late: whether the text came when the window had already been described, or otherwise ended.
    """

    model: str
    latency_s: float
    late: bool = False


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of one window. Levels are RMS in dB of full scale, which is 0, without what is below 100 Hz.

    Attributes:
        level_db_max: the highest level of a tenth of a second.
        floor_db: the noise floor: the usual level, as a mean over the window.
        threshold_db: the level above which a noise is loud, as a mean over the window.
        peaks: in time order.
        levels: the highest level in each ``level_step_s`` from the window's start on; None where there was
            no sound.
        clipped_s: how long the sound was overdriven.
        microphone: see MicrophoneState.
        speech: speech in it, in time order.
        transcript: who has recognised its text; None where nothing has.
    """

    level_db_max: float
    floor_db: float
    threshold_db: float
    peaks: tuple[SoundPeak, ...] = ()
    levels: tuple[float | None, ...] = ()
    level_step_s: float = LEVEL_STEP_S
    clipped_s: float = 0.0
    microphone: MicrophoneState = "live"
    speech: tuple[Speech, ...] = ()
    transcript: Transcript | None = None

    @property
    def loudest(self) -> SoundPeak | None:
        """The peak that stands out most; None where there is none."""
        return max(self.peaks, key=lambda peak: peak.strength, default=None)

    @property
    def speech_s(self) -> float:
        """How long there is speech."""
        return sum(each.end_s - each.start_s for each in self.speech)

    @property
    def is_spoken(self) -> bool:
        """Whether there is more speech than a word."""
        return self.speech_s >= _COUNTS_S

    @property
    def strength(self) -> float:
        """How much it stands out, 0 to 1: as its loudest peak; speech as much as a change of sound."""
        spoken = SPEECH_STRENGTH if self.is_spoken else 0.0
        return max([spoken, *(peak.strength for peak in self.peaks)])
