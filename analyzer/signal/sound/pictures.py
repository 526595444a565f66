"""The pictures nearest to peaks of sound, and the keyframes that they become."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.signal.peaks import Candidate
from analyzer.signal.sound.record import SPEECH_STRENGTH, Sound
from analyzer.signal.window import SIGNAL_STEP_S
from analyzer.signal.windower import LazyJpeg, MeasuredWindow
from stream.frames.frame import Frame

# Frames that are kept, as audio may be decoded a little later than the frames of its time.
_KEPT_S, _KEPT_BYTES, _MOST_KEPT = 0.8, 24_000_000, 12
# A louder noise within this time needs no picture of its own, unless it is so much later.
_SAME_S = 0.3
# Pictures of one window at most; the least of them are dropped for later ones.
_MOST_PICTURES = 32
# A picture shows a peak that is no further from it; a change is found seconds later.
_NEAR_S, _NEAR_CHANGE_S = 0.6, 7.0
# So many of a window's keyframes may be of sound.
_SHARE = 1 / 3
# A keyframe of motion so close shows the noise, too.
_SHOWS_S = 0.15


@dataclass(frozen=True, slots=True)
class _Sounds:
    """A noise or speech, and how near to it a picture must be to show it."""

    at_s: float
    strength: float
    near_s: float


@dataclass(frozen=True, slots=True)
class _Picture:
    wanted_s: float
    pts_s: float
    jpeg: LazyJpeg


class NearestPictures:
    """Keeps the newest frames, and encodes those that are nearest to the times that are wanted."""

    def __init__(self, keyframe_px: int | None) -> None:
        """With None as the longer side of pictures, none are kept: peaks have their times alone."""
        self._keyframe_px = keyframe_px
        # Their media times and pictures: of the frames no more is held than these need.
        self._frames: deque[tuple[float, LazyJpeg]] = deque()
        self._awaited: list[float] = []  # times that no frame has reached yet
        self._pictures: deque[_Picture] = deque(maxlen=_MOST_PICTURES)

    def push(self, frame: Frame) -> None:
        """Take a frame; it is kept where it is far enough from the one before."""
        if self._keyframe_px is None:
            return
        width, height = frame.source_size_px
        most = max(2, min(_MOST_KEPT, _KEPT_BYTES // (width * height * 3 // 2 or 1)))
        if len(self._frames) > 1 and frame.pts_s - self._frames[-2][0] < _KEPT_S / most:
            self._frames.pop()
        self._frames.append((frame.pts_s, LazyJpeg(frame, self._keyframe_px)))
        while len(self._frames) > most:
            self._frames.popleft()
        due = [at_s for at_s in self._awaited if at_s <= frame.pts_s]
        self._awaited = [at_s for at_s in self._awaited if at_s > frame.pts_s]
        for at_s in due:
            self._take(at_s)

    def want(self, at_s: float) -> None:
        """Keep the picture of this media time, when its frame has come."""
        newest_s = self._pictures[-1].wanted_s if self._pictures else -_SAME_S
        if self._keyframe_px is None or 0 <= at_s - newest_s < _SAME_S:
            return
        if self._frames and self._frames[-1][0] >= at_s:
            self._take(at_s)
        else:
            self._awaited = [*self._awaited[-_MOST_PICTURES:], at_s]

    def _take(self, at_s: float) -> None:
        pts_s, jpeg = min(self._frames, key=lambda each: abs(each[0] - at_s))
        jpeg.encode()
        self._pictures.append(_Picture(at_s, pts_s, jpeg))

    def of(self, sounds: _Sounds, start_s: float, end_s: float) -> Candidate[LazyJpeg]:
        """Return the picture nearest to a sound of a window; without one near, its time alone."""
        for at_s in self._awaited if self._frames else ():
            self._take(at_s)
        self._awaited = []
        inside = [picture for picture in self._pictures if start_s <= picture.pts_s < end_s]
        best = min(inside, key=lambda picture: abs(picture.wanted_s - sounds.at_s), default=None)
        if best is None or abs(best.pts_s - sounds.at_s) > sounds.near_s:
            return Candidate(sounds.at_s, 0.0, None, sounds.strength)
        return Candidate(best.pts_s, 0.0, best.jpeg, sounds.strength)


def with_sound(
    measured: MeasuredWindow, sound: Sound | None, pictures: NearestPictures, *, speech_counts: bool = False
) -> MeasuredWindow:
    """Return a window with its sound: with a peak of sound it is not quiet, and has a keyframe of it.

    Where speech counts, so it is with speech; a window that has other keyframes needs none of it.
    """
    if sound is None:
        return measured
    found = _loudest(sound, len(measured.candidates))
    if not found and speech_counts and sound.is_spoken and not measured.candidates:
        found = [_longest(sound)]
    if not found:
        return replace(measured, sound=sound)
    candidates = list(measured.candidates)
    for it in found:
        of_motion = min(candidates, key=lambda each: abs(each.pts_s - it.at_s), default=None)
        if of_motion is not None and abs(of_motion.pts_s - it.at_s) <= _SHOWS_S:
            at = candidates.index(of_motion)
            candidates[at] = replace(of_motion, sound=max(of_motion.sound, it.strength))
        else:
            value = _signal_at(measured, it.at_s)
            candidates.append(replace(pictures.of(it, measured.start_s, measured.end_s), value=value))
    in_order = _distinct(sorted(candidates, key=lambda each: each.pts_s))
    return replace(measured, sound=sound, quiet=False, candidates=tuple(in_order))


def _loudest(sound: Sound, of_motion: int) -> list[_Sounds]:
    """Return the strongest peaks: as many as keyframes next to those of motion may show."""
    most = max(of_motion, round(of_motion * _SHARE), 4)
    strongest = sorted(sound.peaks, key=lambda peak: -peak.strength)[: max(1, round(most * _SHARE))]
    near_s = {"loud": _NEAR_S, "change": _NEAR_CHANGE_S}
    return [_Sounds(peak.pts_s, peak.strength, near_s[peak.kind]) for peak in strongest]


def _longest(sound: Sound) -> _Sounds:
    longest = max(sound.speech, key=lambda each: each.end_s - each.start_s)
    return _Sounds(longest.start_s, SPEECH_STRENGTH, longest.end_s - longest.start_s)


def _distinct(candidates: Sequence[Candidate[LazyJpeg]]) -> list[Candidate[LazyJpeg]]:
    """Return them without a second one of the same frame."""
    kept: list[Candidate[LazyJpeg]] = []
    for candidate in candidates:
        if kept and candidate.pts_s - kept[-1].pts_s < 1e-3:
            kept[-1] = replace(kept[-1], sound=max(kept[-1].sound, candidate.sound))
        else:
            kept.append(candidate)
    return kept


def _signal_at(measured: MeasuredWindow, at_s: float) -> float:
    step = int((at_s - measured.start_s) / SIGNAL_STEP_S)
    return measured.signal[step] if 0 <= step < len(measured.signal) else 0.0
