"""Hold a reel to its length: shots are shortened around their peaks before any is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from analyzer.reel.choose import Chosen
from analyzer.reel.records import Choice, Span
from analyzer.reel.settings import ReelSettings
from analyzer.reel.shots import Shot, prominence, shots, speech_of, to_pauses
from analyzer.signal.window import Window
from base.plural import counted

# Two shots of a window with less time than this between them are shown as one, where there is room.
JOINED_S = 1.0
# What may be missing between the clips of two windows: less than a frame.
HOLE_S = 0.05


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a reel may be.

    Attributes:
        max_s: seconds.
        whole: it may be longer where that is needed to show one event whole.
    """

    max_s: float = 90.0
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _SizedShot:
    """A shot of a choice, and the length that it is given."""

    choice: int
    shot: Shot
    length_s: float

    @property
    def lacks_s(self) -> float:
        """How much longer it must be to show its event whole."""
        return self.shot.event.length_s - self.length_s


def fit(
    chosen: Chosen, settings: ReelSettings, *, whole: bool = False, windows: Sequence[Window] = ()
) -> Chosen:
    """Settle what each choice shows, within the settings' ``max_duration_s``.

    With ``whole`` the reel may be longer where that is needed to show one event whole. Events that cross the
    border to one of ``windows``, which is not chosen, are shown beyond it where the clips leave no hole.
    """
    limit = Limit(settings.max_duration_s, whole)
    if settings.style == "clips":
        return fit_clips(chosen, limit, windows)
    return fit_slides(chosen, limit, settings.hold_s)


def fit_clips(chosen: Chosen, limit: Limit, windows: Sequence[Window] = ()) -> Chosen:
    """Settle what each choice shows, so that all of them together last no longer than the limit.

    All shots are shown in full where there is room. Otherwise each is shortened around its highest peak; as
    many events as possible are shown whole, those first that need least for it, and what time is left is
    shared out. Where even the shortest shots take too long, the lowest shots of choices that have several are
    left out, then the least important choices, each with a line in ``changed``; one shot always stays.
    """
    own = {choice.moment.window.id for choice in chosen.choices}
    spare = {(each.camera, each.epoch, each.index): each for each in windows if each.id not in own}
    sized = [
        _SizedShot(i, shot, 0.0)
        for i, window in enumerate(choice.moment.window for choice in chosen.choices)
        for shot in shots(window, _neighbours(window, spare))
    ]
    sized = _kept(chosen.choices, sized, limit.max_s)
    if sum(part.shot.full.length_s for part in sized) <= limit.max_s:
        sized = [replace(part, length_s=part.shot.full.length_s) for part in sized]
    else:
        sized = _shared(
            _whole([replace(p, length_s=p.shot.core.length_s) for p in sized], limit), limit.max_s
        )
    spans: dict[int, list[Span]] = {}
    for part in sized:
        spans.setdefault(part.choice, []).append(part.shot.of_length(part.length_s))
    merged = {i: _joined(own, 0.0) for i, own in spans.items()}
    room_s = limit.max_s - sum(span.length_s for own in merged.values() for span in own)
    joined = {i: _joined(own, room_s / len(merged)) for i, own in merged.items()}
    room_s = limit.max_s - sum(span.length_s for own in joined.values() for span in own)
    for i, shown in joined.items():
        window = chosen.choices[i].moment.window
        held = [part.shot.core for part in sized if part.choice == i]
        joined[i] = _spoken(shown, held, [window, *_neighbours(window, spare)], room_s)
        room_s -= sum(span.length_s for span in joined[i]) - sum(span.length_s for span in shown)
    return _settled(_with_neighbours(chosen, joined, spare), joined, limit)


def _spoken(
    shown: Sequence[Span], held: Sequence[Span], strip: Sequence[Window], room_s: float
) -> list[Span]:
    """Return what is shown of a window without an end in mid-word, where a pause is near.

    Args:
        shown: in time order.
        held: what must be shown in any case.
        strip: the window, and those next to it that its clip shows.
        room_s: how much longer all of it may get.
    """
    speech = speech_of(strip)
    moved: list[Span] = []
    for i, span in enumerate(shown if speech else ()):
        before_s = moved[-1].end_s if moved else min(span.start_s, *(each.start_s for each in strip))
        after_s = shown[i + 1].start_s if i + 1 < len(shown) else max(each.end_s for each in strip)
        inside = [each for each in held if span.holds(each.start_s) and span.holds(each.end_s)]
        core = span if not inside else Span(min(inside).start_s, max(each.end_s for each in inside))
        bounds = Span(before_s, max(span.end_s, after_s))
        moved.append(to_pauses(span, core, bounds, speech, max(0.0, room_s)))
        room_s -= moved[-1].length_s - span.length_s
    return moved or list(shown)


def _neighbours(window: Window, spare: Mapping[tuple[str, int, int], Window]) -> list[Window]:
    """Return the windows just before and after one whose clips leave no hole at the border."""
    near = [spare.get((window.camera, window.epoch, window.index + step)) for step in (-1, 1)]
    return [each for each in near if each and _adjoin(*sorted((window, each), key=lambda it: it.index))]


def _adjoin(before: Window, after: Window) -> bool:
    """Return whether the second one's clip shows all from the border on: a full buffer has lost its start."""
    if before.clip is None or after.clip is None:
        return False
    return after.clip.file_start_s <= after.start_s + HOLE_S


def _with_neighbours(
    chosen: Chosen, spans: Mapping[int, Sequence[Span]], spare: Mapping[tuple[str, int, int], Window]
) -> Chosen:
    """Return the choices with the neighbours whose clips their spans need."""

    def needed(window: Window, own: Sequence[Span]) -> tuple[Window, ...]:
        return tuple(
            near
            for near in _neighbours(window, spare)
            if near.clip != window.clip
            and any(span.start_s < near.end_s and span.end_s > near.start_s for span in own)
        )

    choices = tuple(
        replace(choice, neighbours=needed(choice.moment.window, spans.get(i, ())))
        for i, choice in enumerate(chosen.choices)
    )
    return replace(chosen, choices=choices)


def fit_slides(chosen: Chosen, limit: Limit, hold_s: float) -> Chosen:
    """Settle which keyframes a slideshow shows, each for ``hold_s``: each choice's highest, at least one."""
    most = max(1, int(limit.max_s / hold_s + 1e-6))
    by_choice = {i: _slides(choice) for i, choice in enumerate(chosen.choices)}
    while sum(map(len, by_choice.values())) > most and len(by_choice) > 1:
        if max(map(len, by_choice.values())) > 1:
            longest = max(by_choice, key=lambda i: len(by_choice[i]))
            by_choice[longest] = by_choice[longest][:-1]
        else:
            del by_choice[_least_important(chosen.choices, by_choice)]
    spans = {i: sorted(Span(at_s, at_s) for at_s in own[:most]) for i, own in by_choice.items()}
    return _settled(chosen, spans, limit)


def _slides(choice: Choice) -> list[float]:
    """Return the times of a choice's keyframes, the highest first."""
    window = choice.moment.window
    keyframes = [keyframe for shot in shots(window) for keyframe in shot.keyframes]
    return [keyframe.pts_s for keyframe in sorted(keyframes, key=lambda k: -prominence(k, window))]


def _kept(choices: Sequence[Choice], sized: Sequence[_SizedShot], max_s: float) -> list[_SizedShot]:
    """Leave shots out until the shortest form of the others fits; the last one stays in any case."""
    kept = list(sized)
    while len(kept) > 1 and sum(part.shot.core.length_s for part in kept) > max_s:
        counts = [sum(other.choice == part.choice for other in kept) for part in kept]
        spare = [part for part, count in zip(kept, counts, strict=True) if count > 1]
        if spare:
            kept.remove(min(spare, key=lambda part: _share(part, kept)))
        else:
            least = _least_important(choices, {part.choice for part in kept})
            kept = [part for part in kept if part.choice != least]
    return kept


def _share(part: _SizedShot, sized: Sequence[_SizedShot]) -> float:
    """How high a shot is compared with the highest one of its choice, 0 to 1."""
    return part.shot.value / max(1e-9, *(other.shot.value for other in sized if other.choice == part.choice))


def _least_important(choices: Sequence[Choice], among: Iterable[int]) -> int:
    return min(among, key=lambda i: (choices[i].importance, -i))


def _whole(sized: Sequence[_SizedShot], limit: Limit) -> list[_SizedShot]:
    """Show as many events whole as there is room for, one in any case where the limit allows that."""
    room_s = limit.max_s - sum(part.length_s for part in sized)
    ending = sorted((part for part in sized if part.shot.ends), key=lambda part: part.lacks_s)
    grown: set[int] = set()
    for n, part in enumerate(ending):
        if part.lacks_s <= room_s + 1e-9 or (limit.whole and n == 0):
            room_s -= part.lacks_s
            grown.add(id(part))
    return [replace(p, length_s=p.shot.event.length_s) if id(p) in grown else p for p in sized]


def _shared(sized: Sequence[_SizedShot], max_s: float) -> list[_SizedShot]:
    """Share out the time that is left: the shortest shots grow first, all to the same length at most."""
    room_s = max_s - sum(part.length_s for part in sized)
    grown = list(sized)
    while room_s > 1e-6:
        open_ = [i for i, part in enumerate(grown) if part.shot.full.length_s - part.length_s > 1e-6]
        if not open_:
            break
        shortest_s = min(grown[i].length_s for i in open_)
        lowest = [i for i in open_ if grown[i].length_s < shortest_s + 1e-6]
        above_s = [grown[i].length_s for i in open_ if i not in lowest]
        step_s = min(
            room_s / len(lowest),
            min(above_s, default=float("inf")) - shortest_s,
            *(grown[i].shot.full.length_s - grown[i].length_s for i in lowest),
        )
        for i in lowest:
            grown[i] = replace(grown[i], length_s=grown[i].length_s + step_s)
        room_s -= step_s * len(lowest)
    return grown


def _joined(spans: Sequence[Span], room_s: float) -> list[Span]:
    """Join the spans that touch, and those that nearly do where there is room for what lies between."""
    joined = [spans[0]]
    for before, span in pairwise(spans):
        between_s = span.start_s - before.end_s
        if between_s <= min(JOINED_S, max(room_s, 0.0)):
            room_s -= max(0.0, between_s)
            joined[-1] = joined[-1].around(span)
        else:
            joined.append(span)
    return joined


def _settled(chosen: Chosen, spans: dict[int, list[Span]], limit: Limit) -> Chosen:
    """Return the choices that are left with their spans, and a line for each that is not."""
    choices = enumerate(chosen.choices)
    kept = tuple(replace(choice, spans=tuple(spans[i])) for i, choice in choices if i in spans)
    reason = f"the reel lasts at most {counted(round(limit.max_s), 'second')}."
    left_out = [
        f'Left out "{" ".join(choice.moment.title.split())}": {reason}'
        for i, choice in enumerate(chosen.choices)
        if i not in spans
    ]
    return Chosen(kept, (*chosen.changed, *left_out))
