"""What can be shown of a window: one shot for each event, cut tightly around its peaks, not in mid-word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from analyzer.reel.records import Span
from analyzer.signal.window import Keyframe, Window

# What a shot shows before the first and after the last peak of its event.
LEAD_S = TAIL_S = 1.0
# An event that is shown whole has so much before and after it.
MARGIN_S = 0.2
# A shortened shot shows so much before and after its event's highest peak.
CORE_LEAD_S, CORE_TAIL_S = 0.5, 0.75
# Calm for so long ends an event, as in the windows' own spans of activity.
CALM_S = 1.0
# A peak of sound lasts so long as an event, from before it on.
SOUND_LEAD_S, SOUND_TAIL_S = 0.3, 0.7
# An event lower than this share of its window's highest peak is not shown.
SMALL_SHARE = 0.04
# An event that ends with a cut ends so long before it.
JUST_BEFORE_S = 1e-3
# An event that is longer cannot be shown whole.
MAX_SHOT_S = 8.0
# A mover passes that is there for at most this share of its window; one that is so many times as large as
# the median of the movers stands out, such as a truck among cars.
PASSING_SHARE, STANDS_OUT = 0.5, 2.0
# No end of what is shown moves further than this to be out of speech; further away is no pause.
MAX_MOVE_S = 1.5
# So much is shown after the last word: the detector's end is that of the voice.
AFTER_SPEECH_S = 0.1
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Shot:
    """One event of a window, and how much of it can be shown: each span holds the one before it.

    Attributes:
        keyframes: the event's, in time order.
        core: around the highest peak, or the one at which something large passes; no shot is shorter.
        event: all of the event, or the ``MAX_SHOT_S`` around that peak.
        full: with what leads up to it and follows.
        ends: it is short enough to be shown whole, and does not go on at both ends of what can be shown.
        value: how much its highest peak stands out in its window: the signal as a share of the window's
            highest, plus the peak of sound there.
    """

    keyframes: tuple[Keyframe, ...]
    core: Span
    event: Span
    full: Span
    ends: bool
    value: float

    def of_length(self, length_s: float) -> Span:
        """Return the part of ``full`` that lasts so long, at least ``core``; it grows on both sides."""
        inner, outer = (self.core, self.event) if length_s < self.event.length_s else (self.event, self.full)
        room_s = outer.length_s - inner.length_s
        part = min(1.0, max(0.0, (length_s - inner.length_s) / room_s)) if room_s > 0 else 0.0
        return Span(
            inner.start_s + part * (outer.start_s - inner.start_s),
            inner.end_s + part * (outer.end_s - inner.end_s),
        )


def shots(window: Window, neighbours: Sequence[Window] = ()) -> tuple[Shot, ...]:
    """Return a window's shots in time order; at least one.

    Events come from the signal, which stays above the quiet threshold while one lasts, and from peaks of
    sound; a hard cut begins another. A keyframe outside of those is an event by itself. What is lower than
    ``SMALL_SHARE`` of the highest, and no peak of sound, is left out. An event that began in a neighbour or
    goes on in one is followed there, for half of that neighbour at most: the other half is that of the
    window beyond it.

    Args:
        window: what the shots are of.
        neighbours: the windows just before and after it, as far as the window's own clip shows them.
    """
    if not window.keyframes:
        middle_s = _middle_s(window)
        bounds = Span(window.start_s, window.end_s)
        return (_shot(window, bounds, Span(middle_s, middle_s), (Keyframe(middle_s, 0.0),)),)
    highest = max(keyframe.value for keyframe in window.keyframes)
    kept = [k for k in window.keyframes if k.sound or k.value >= SMALL_SHARE * highest]
    strip = sorted([window, *neighbours], key=lambda each: each.start_s)
    bounds = Span(
        window.start_s if strip[0] is window else _middle_s(strip[0]),
        window.end_s if strip[-1] is window else _middle_s(strip[-1]),
    )
    active = _active(strip, max(window.threshold, SMALL_SHARE * highest))
    cuts_s = [cut_s for each in strip for cut_s in each.activity.cuts]
    events = _split(_united([*active, *_loud(window, bounds)]), cuts_s)
    groups: dict[Span, list[Keyframe]] = {}
    for keyframe in kept:
        groups.setdefault(_event_of(keyframe.pts_s, events), []).append(keyframe)
    return tuple(
        _shot(window, bounds, event.cut_to(bounds), tuple(own)) for event, own in sorted(groups.items())
    )


def _middle_s(window: Window) -> float:
    return (window.start_s + window.end_s) / 2


def _event_of(at_s: float, events: Sequence[Span]) -> Span:
    return next((event for event in events if event.holds(at_s)), Span(at_s, at_s))


def _active(windows: Sequence[Window], level: float) -> list[Span]:
    """Return where the signal of consecutive windows is above a level, joined across less than ``CALM_S``."""
    spans: list[Span] = []
    steps = ((each, i, value) for each in windows for i, value in enumerate(each.signal))
    for window, i, value in steps:
        if value <= level:
            continue
        step_s = window.signal_step_s
        start_s = window.start_s + i * step_s
        if spans and start_s - spans[-1].end_s < CALM_S:
            spans[-1] = Span(spans[-1].start_s, start_s + step_s)
        else:
            spans.append(Span(start_s, start_s + step_s))
    return spans


def _loud(window: Window, bounds: Span) -> list[Span]:
    """Return an event for each keyframe of sound, and the speech there if it can be shown whole."""
    at_s = [keyframe.pts_s for keyframe in window.keyframes if keyframe.sound]
    events = [Span(each, each).wider(SOUND_LEAD_S, SOUND_TAIL_S).cut_to(bounds) for each in at_s]
    said = [Span(it.start_s, it.end_s) for it in (window.sound.speech if window.sound else ())]
    spoken = [it for it in said if it.length_s <= MAX_SHOT_S and any(map(it.holds, at_s))]
    return [*events, *spoken]


def _united(events: Sequence[Span]) -> list[Span]:
    """Return events in time order, those that overlap as one."""
    united: list[Span] = []
    for event in sorted(events):
        if united and event.start_s <= united[-1].end_s:
            united[-1] = united[-1].around(event)
        else:
            united.append(event)
    return united


def prominence(keyframe: Keyframe, window: Window) -> float:
    """Return how much a keyframe stands out in its window: by its signal, plus by its sound, each 0 to 1."""
    highest = max((each.value for each in window.keyframes), default=0.0)
    return (keyframe.value / highest if highest > 0 else 0.0) + keyframe.sound


def _split(events: Sequence[Span], cuts: Sequence[float]) -> list[Span]:
    """Return the events with those in two that a cut goes through; the second one begins with the cut."""
    parts = list(events)
    for cut_s in cuts:
        for i, event in enumerate(parts):
            if event.start_s < cut_s <= event.end_s:
                parts[i : i + 1] = [Span(event.start_s, cut_s - JUST_BEFORE_S), Span(cut_s, event.end_s)]
    return [part for part in parts if part.length_s > 0]


def _shot(window: Window, bounds: Span, event: Span, keyframes: tuple[Keyframe, ...]) -> Shot:
    def rank(keyframe: Keyframe) -> float:
        return prominence(keyframe, window)

    first_s, last_s = keyframes[0].pts_s, keyframes[-1].pts_s
    event = Span(min(event.start_s, first_s), max(event.end_s, last_s))
    goes_on = event.start_s - bounds.start_s < MARGIN_S and bounds.end_s - event.end_s < MARGIN_S
    ends = event.length_s <= MAX_SHOT_S and not goes_on
    best_s = max(keyframes if ends else _standing_out(window, keyframes), key=rank).pts_s
    core = Span(best_s - CORE_LEAD_S, best_s + CORE_TAIL_S).within(bounds)
    whole = event.wider(MARGIN_S, MARGIN_S).cut_to(bounds).around(core)
    full = whole.around(Span(first_s - LEAD_S, last_s + TAIL_S).cut_to(bounds))
    limit = Span(best_s - MAX_SHOT_S / 2, best_s + MAX_SHOT_S / 2).within(full)
    return Shot(keyframes, core, whole.cut_to(limit), full.cut_to(limit), ends, max(map(rank, keyframes)))


def _standing_out(window: Window, keyframes: Sequence[Keyframe]) -> Sequence[Keyframe]:
    """Return the keyframes at which a mover passes that is much larger than the others; without one, all.

    Where something moves all the time, the signal sums up all that does: its highest peak says little.
    """
    longest_s = PASSING_SHARE * (window.end_s - window.start_s)
    movers = window.activity.movers
    passing = [it for it in movers if it.end_s - it.start_s <= longest_s]
    if not passing:
        return keyframes
    largest = max(passing, key=lambda it: it.share)
    if largest.share < STANDS_OUT * median(it.share for it in movers):
        return keyframes
    return [it for it in keyframes if largest.start_s <= it.pts_s <= largest.end_s] or keyframes


def speech_of(windows: Iterable[Window]) -> list[Span]:
    """Return when there is speech, over the borders of windows that follow each other, in time order."""
    spans: list[Span] = []
    sounds = (it for each in windows if each.sound for it in each.sound.speech)
    for it in sorted(sounds, key=lambda it: it.start_s):
        if spans and it.start_s - spans[-1].end_s < _ROUNDING_S:
            spans[-1] = Span(spans[-1].start_s, max(spans[-1].end_s, it.end_s))
        else:
            spans.append(Span(it.start_s, it.end_s))
    return spans


def to_pauses(span: Span, held: Span, bounds: Span, speech: Sequence[Span], room_s: float) -> Span:
    """Return what is shown with each end that lies within speech moved to the nearest pause.

    An end stays where no pause is near, and where the reel would get too long.

    Args:
        span: what is shown.
        held: what of it must be shown in any case.
        bounds: what can be shown.
        speech: in media time.
        room_s: how much longer it may get.
    """
    start_s, end_s = span.start_s, span.end_s
    said = _around(start_s, speech)
    if said is not None:
        latest_s = min(start_s + MAX_MOVE_S, held.start_s)
        earliest_s = max(start_s - min(MAX_MOVE_S, room_s), bounds.start_s)
        start_s = _nearest(start_s, (said.start_s, said.end_s), earliest_s, latest_s)
    room_s -= span.start_s - start_s
    said = _around(end_s, speech)
    if said is not None:
        latest_s = min(end_s + min(MAX_MOVE_S, room_s), bounds.end_s)
        earliest_s = max(end_s - MAX_MOVE_S, held.end_s)
        end_s = _nearest(end_s, (said.start_s, said.end_s + AFTER_SPEECH_S), earliest_s, latest_s)
    return Span(start_s, end_s)


def _around(at_s: float, speech: Sequence[Span]) -> Span | None:
    return next((it for it in speech if it.start_s + _ROUNDING_S < at_s < it.end_s - _ROUNDING_S), None)


def _nearest(at_s: float, pauses: Sequence[float], earliest_s: float, latest_s: float) -> float:
    """Return the nearest of the pauses within these times; without one, the time itself."""
    near = [pause_s for pause_s in pauses if earliest_s <= pause_s <= latest_s]
    return min(near, key=lambda pause_s: abs(pause_s - at_s), default=at_s)
