"""SoundMeter: samples in, the sound of each window out."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from analyzer.signal.peaks import PeakDetector
from analyzer.signal.settings import SoundSettings
from analyzer.signal.sound.blocks import BLOCK_S, Block, BlockMeter, Samples
from analyzer.signal.sound.floor import Floor, NoiseFloor
from analyzer.signal.sound.gate import VoiceGate
from analyzer.signal.sound.microphone import Microphone
from analyzer.signal.sound.novelty import Change, Novelty
from analyzer.signal.sound.record import LEVEL_STEP_S, Sound, SoundPeak
from analyzer.signal.sound.speech import SpeechSpans
from analyzer.signal.sound.voice import Piece, Voice, detector

# As of the motion signal: a share of the window's highest value, and half a second from a higher one.
_HEIGHT_RATIO, _DISTANCE = 0.4, 5
# Between two loud noises the level falls by this: what goes on at one level is one of them.
_RISE_DB = 5.0
# A change so close to a loud noise is a part of it.
_SAME_S = 1.5
# Loud noises that are remembered for that: more than come in the time in which a change is found.
_MAX_LOUD = 64
# Blocks that wait for their window to close: more than the longest window has.
_MAX_WAITING = 7_000
# While there is speech, a picture may be wanted this often.
_SPOKEN_S = 1.0
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class _Level:
    """A block's level and the floor there."""

    start_s: float
    loudest_s: float
    level_db: float
    floor: Floor

    @property
    def rise_db(self) -> float:
        return max(0.0, self.level_db - self.floor.level_db)

    @property
    def is_loud(self) -> bool:
        return self.level_db > self.floor.threshold_db


class SoundMeter:
    """Measures the sound of one epoch, online and in bounded memory."""

    def __init__(self, settings: SoundSettings, want: Callable[[float], object] | None = None) -> None:
        """``want`` is called with the media time of what may become a peak: the time to keep a picture."""
        self._settings = settings
        self._want = want
        self._blocks = BlockMeter()
        self._floor = NoiseFloor(settings.min_rise_db)
        self._novelty = Novelty() if settings.changes else None
        self._microphone = Microphone()
        voice = detector() if settings.speech else None
        self._voice = None if voice is None else Voice(voice)
        self._gate = VoiceGate()
        self._speech = SpeechSpans()
        self._next_picture_s = 0.0  # of speech
        self._detector: PeakDetector[None] = PeakDetector(_HEIGHT_RATIO, _DISTANCE)
        self._waiting: deque[_Level] = deque(maxlen=_MAX_WAITING)
        self._microphone_of: deque[Block] = deque(maxlen=_MAX_WAITING)
        self._changes: list[Change] = []
        self._newest: tuple[_Level, ...] = ()  # the last two
        self._loud_s: deque[float] = deque(maxlen=_MAX_LOUD)
        self._low_db = math.inf
        self.measured_s = 0.0
        """Media time up to which sound was measured."""

    def push(self, at_s: float, samples: Samples, *, speech: bool = True) -> None:
        """Add mono samples at ``RATE_HZ``, the first of them at this media time.

        No speech is found in them where ``speech`` is false.
        """
        for block, own_samples in self._blocks.push(at_s, samples):
            level = self._add(block)
            if self._voice is not None and speech:
                may_be_voice = self._gate.push(block, own_samples, level.rise_db)
                self._add_pieces(self._voice.push(block.start_s, own_samples, may_be_voice=may_be_voice))

    def _add_pieces(self, pieces: Sequence[Piece]) -> None:
        self._speech.push(pieces)
        spoken_s = next((piece.start_s for piece in pieces if piece.is_voice), None)
        if self._settings.speech_counts and spoken_s is not None and spoken_s >= self._next_picture_s:
            self._next_picture_s = spoken_s + _SPOKEN_S
            self._wanted(spoken_s)

    def _add(self, block: Block) -> _Level:
        level = _Level(block.start_s, block.loudest_s, block.level_db, self._floor.push(block.level_db))
        self.measured_s = block.start_s + BLOCK_S
        self._waiting.append(level)
        self._microphone_of.append(block)
        change = None if self._novelty is None else self._novelty.push(block)
        if change is not None:
            self._changes.append(change)
            self._wanted(self.measured_s)
        if len(self._newest) == 2:
            before, middle = self._newest
            if middle.is_loud and before.level_db <= middle.level_db >= level.level_db:
                self._wanted(middle.loudest_s)
        self._newest = (*self._newest[-1:], level)
        return level

    def _wanted(self, at_s: float) -> None:
        if self._want is not None:
            self._want(at_s)

    def close(self, start_s: float, end_s: float) -> Sound | None:
        """End the window of this media time; None where it has no sound.

        Sound that comes later than this counts in the next window.
        """
        before_end = end_s - _ROUNDING_S
        levels = list(takewhile(lambda level: level.start_s < before_end, self._waiting))
        for _ in levels:
            self._waiting.popleft()
            self._microphone.push(self._microphone_of.popleft())
        microphone, clipped_s = self._microphone.close()
        peaks = self._loud(levels)
        peaks = sorted([*peaks, *self._changed(start_s, end_s)], key=lambda peak: peak.pts_s)
        speech = self._speech.close(start_s, end_s)
        if not levels:
            return None
        return Sound(
            level_db_max=round(max(level.level_db for level in levels), 1),
            floor_db=round(sum(level.floor.level_db for level in levels) / len(levels), 1),
            threshold_db=round(sum(level.floor.threshold_db for level in levels) / len(levels), 1),
            peaks=tuple(peaks),
            levels=_in_steps(levels, start_s, end_s),
            clipped_s=round(clipped_s, 1),
            microphone=microphone,
            speech=speech,
        )

    def _loud(self, levels: Sequence[_Level]) -> list[SoundPeak]:
        by_start = {level.start_s: level for level in levels}
        for level in levels:
            self._detector.push(level.start_s, level.rise_db)
        following = self._waiting[0].rise_db if self._waiting else None
        maxima = [by_start.get(peak.candidate.pts_s) for peak in self._detector.close(following)]
        at_maxima = {level.start_s for level in maxima if level is not None and level.is_loud}
        loud = [level for level in levels if self._stands_out(level, may_count=level.start_s in at_maxima)]
        self._loud_s.extend(level.loudest_s for level in loud)
        return [
            SoundPeak(round(level.loudest_s, 3), round(level.level_db, 1), round(level.rise_db, 1))
            for level in loud
        ]

    def _stands_out(self, level: _Level, *, may_count: bool) -> bool:
        """Whether a maximum rises above the quietest level since the last one that did."""
        self._low_db = min(self._low_db, level.level_db)
        stands_out = may_count and level.level_db - self._low_db >= _RISE_DB
        if stands_out:
            self._low_db = level.level_db
        return stands_out

    def _changed(self, start_s: float, end_s: float) -> list[SoundPeak]:
        """Return the changes found so far that no loud noise explains; late ones count from the start on."""
        found, self._changes = [change for change in self._changes if change.at_s < end_s], []
        return [
            SoundPeak(
                round(max(change.at_s, start_s), 3),
                round(change.level_db, 1),
                round(change.difference_db, 1),
                "change",
            )
            for change in found
            if not self._is_loud_near(change.at_s)
        ]

    def _is_loud_near(self, at_s: float) -> bool:
        return any(abs(loud_s - at_s) < _SAME_S for loud_s in self._loud_s)


def _in_steps(levels: Sequence[_Level], start_s: float, end_s: float) -> tuple[float | None, ...]:
    steps: list[float | None] = [None] * math.ceil((end_s - start_s) / LEVEL_STEP_S - _ROUNDING_S)
    for level in levels:
        nth = int((level.start_s - start_s) / LEVEL_STEP_S + _ROUNDING_S)
        if 0 <= nth < len(steps):
            steps[nth] = max(round(level.level_db, 1), steps[nth] or -math.inf)
    return tuple(steps)
