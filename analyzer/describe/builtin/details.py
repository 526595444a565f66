"""Times, extent, edges and light: what is added to an action."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.describe.builtin.course import Course, edge
from analyzer.describe.builtin.phrasing import Phrasing, capital, number, seconds, share_of_picture, the_first
from analyzer.signal.activity import LightChange

_MUCH_LIGHT = 30.0  # grey levels: a lamp rather than a cloud


def timing(courses: Sequence[Course], start_s: float, end_s: float, voice: Phrasing) -> str:
    """When the movers were there, as a sentence."""
    first = min(course.mover.start_s for course in courses)
    last = max(course.mover.end_s for course in courses)
    alone = len(courses) == 1
    it = "It" if alone else "The movement"
    appears, gone = ("appears", "gone") if alone else ("starts", "over")
    after, lasting = seconds(first - start_s), seconds(last - first)
    if first - start_s < 1 and end_s - last < 1:
        return voice.pick(
            "throughout",
            "It is there from start to end." if alone else "The movement goes on from start to end.",
            "That goes on the whole time.",
            f"{it} is already there at the start and still there at the end.",
        )
    if first - start_s < 1:
        until = seconds(last - start_s)
        return voice.pick(
            "at first",
            f"{it} is there from the start and {gone} after {until}.",
            f"After {until} it is over.",
            f"That takes up {the_first(last - start_s)}.",
        )
    if end_s - last < 1:
        return voice.pick(
            "at last",
            f"{it} begins after {after} and goes on to the end.",
            f"That starts after {after} and does not stop.",
            f"{it} {appears} after {after} and is still there at the end.",
        )
    return voice.pick(
        "between",
        f"{it} begins after {after} and lasts {lasting}.",
        f"{it} {appears} after {after} and is {gone} {lasting} later.",
        f"That lasts {lasting}, beginning {after} in.",
    )


def extent(share: float, voice: Phrasing) -> str:
    """How much of the picture changed, as a sentence."""
    part = share_of_picture(share)
    if share < 0.01:
        return voice.pick(
            "little",
            "Less than 1% of the picture changes at any time.",
            f"Little changes: {part} at any time.",
            f"Even at its height, {part} changes.",
        )
    return voice.pick(
        "extent",
        f"At its height, {part} changes at once.",
        f"At most, {part} is in motion.",
        f"{capital(part)} changes at the busiest moment.",
        f"The motion takes up {part} at its peak.",
    )


def ends(course: Course, start_s: float, end_s: float) -> str:
    """Where a lone mover came from and went, as a sentence; empty if neither was seen at an edge."""
    mover = course.mover
    came = edge(course, at_end=False) if mover.start_s - start_s > 0.5 else ""
    went = edge(course, at_end=True) if end_s - mover.end_s > 0.5 else ""
    if came and came == went:
        return f"It is first and last seen at the {came} edge."
    if came and went:
        return f"It is first seen at the {came} edge and last at the {went} edge."
    if came:
        return f"It is first seen at the {came} edge, after {seconds(mover.start_s - start_s)}."
    if went:
        return f"It is last seen at the {went} edge, after {seconds(mover.end_s - start_s)}."
    return ""


def light(changes: Sequence[LightChange], voice: Phrasing) -> str:
    """What the light does, as a clause whose subject is the light or the picture. At least one change."""
    if len(changes) > 2:
        return f"the light changes {number(len(changes))} times"
    signs = [change.levels > 0 for change in changes]
    much = " much" if max(abs(change.levels) for change in changes) >= _MUCH_LIGHT else ""
    if signs == [True, False] and changes[1].at_s - changes[0].at_s < 1.5:
        return voice.pick(
            "flash", "a flash of light passes over the picture", "the whole picture flashes bright"
        )
    if signs in ([True, False], [False, True]):
        there, back = ("brighter", "darker") if signs[0] else ("darker", "brighter")
        return voice.pick(
            "light and back",
            f"the picture turns{much} {there}, then {back} again",
            f"the light {'comes up and goes down' if signs[0] else 'goes down and comes up'} again",
            f"it gets{much} {there} for {seconds(changes[1].at_s - changes[0].at_s)}, then {back}",
        )
    if signs[0]:
        return voice.pick(
            "brighter", f"the picture turns{much} brighter", "the light comes up", f"it gets{much} brighter"
        )
    return voice.pick(
        "darker", f"the picture turns{much} darker", "the light goes down", f"it gets{much} darker"
    )
