"""What was measured of a window's sound, in words; never what made it, which is not known."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.describe.builtin.phrasing import Phrasing, number, seconds
from analyzer.signal.sound.record import Sound, SoundPeak
from analyzer.signal.window import Window

# More noises than this are not counted: some may be one.
_MAX_COUNTED = 6

SOUND_WEIGHTS = {"sports": 0.8, "movie": 0.8, "meeting": 0.6, "surveillance": 0.5, "wildlife": 0.5}
"""How much sound counts beside motion, by profile, 0 to 1."""

OTHER_WEIGHT = 0.5
"""In profiles of one's own."""


def loud(sound: Sound | None) -> tuple[SoundPeak, ...]:
    """Return the loud noises of a window's sound, in time order."""
    return tuple(peak for peak in sound.peaks if peak.kind == "loud") if sound else ()


def changes(sound: Sound | None) -> tuple[SoundPeak, ...]:
    """Return the changes of sound, in time order."""
    return tuple(peak for peak in sound.peaks if peak.kind == "change") if sound else ()


def sentences(window: Window, phrasing: Phrasing) -> list[str]:
    """Return up to two sentences on the window's sound: on its noises, and on speech."""
    peaks, changed = loud(window.sound), changes(window.sound)
    found = []
    if peaks:
        found.append(_loud(peaks, window.start_s, phrasing))
    elif changed:
        after = seconds(changed[0].pts_s - window.start_s)
        found.append(
            phrasing.pick(
                "sound changes",
                f"After {after} the sound changes, at about the same level.",
                f"The kind of sound changes after {after}.",
            )
        )
    if window.sound is not None and window.sound.is_spoken:
        lasting = seconds(window.sound.speech_s)
        found.append(
            phrasing.pick("speech", f"There is speech for {lasting}.", f"Speech is heard for {lasting}.")
        )
    return found


def _loud(peaks: Sequence[SoundPeak], start_s: float, phrasing: Phrasing) -> str:
    highest = max(peaks, key=lambda peak: peak.rise_db)
    rise, after = f"{highest.rise_db:.0f} dB above the usual", seconds(highest.pts_s - start_s)
    if len(peaks) == 1:
        return phrasing.pick(
            "one noise",
            f"There is a sudden loud noise after {after}, {rise}.",
            f"After {after} comes a sudden loud noise, {rise}.",
            f"A loud noise is recorded after {after}, {rise}.",
        )
    many = number(len(peaks)) if len(peaks) <= _MAX_COUNTED else "many"
    return phrasing.pick(
        "noises",
        f"There are {many} loud noises, the loudest after {after}, {rise}.",
        f"It gets loud {_times(len(peaks))}, most of all after {after}: {rise}.",
    )


def _times(count: int) -> str:
    if count > _MAX_COUNTED:
        return "again and again"
    return "twice" if count == 2 else f"{number(count)} times"


def title(sound: Sound, phrasing: Phrasing) -> str:
    """Return the title of a window in which nothing moves; it has a peak of sound, or speech."""
    peaks = loud(sound)
    if not peaks and sound.is_spoken:
        return f"speech for {seconds(sound.speech_s)}"
    if not peaks:
        return phrasing.pick("title change", "the sound changes", "another kind of sound")
    rise_db = max(peak.rise_db for peak in peaks)
    if len(peaks) == 1:
        return f"a sudden loud noise, {rise_db:.0f} dB above the usual"
    return f"{brief(sound)}, up to {rise_db:.0f} dB above the usual"


def brief(sound: Sound | None) -> str:
    """Return the loud noises (at least one) in few words."""
    count = len(loud(sound))
    if count == 1:
        return "a loud noise"
    return f"{number(count) if count <= _MAX_COUNTED else 'many'} loud noises"


def tags(sound: Sound | None) -> list[str]:
    """Return short words for peaks of sound, and for speech."""
    spoken = sound is not None and sound.is_spoken
    found = (("loud", loud(sound)), ("sound-change", changes(sound)), ("speech", spoken))
    return [tag for tag, holds in found if holds]


def moves(window: Window) -> bool:
    """Whether there is any peak of motion; otherwise only its sound keeps a window from being quiet."""
    return bool(window.peaks) or not (window.sound and window.sound.strength)


def weighed(points: float, sound: Sound | None, weight: float) -> float:
    """Return an importance of motion (0 to 10) raised by sound: what is both loud and moves exceeds either.

    Each takes its share of what the other leaves up to 10.
    """
    strength = sound.strength if sound else 0.0
    return round(10 - (10 - points) * (1 - weight * strength), 1)
