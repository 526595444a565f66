"""Times, extent, edges and light: what is added to an action."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.describe.builtin.course import Course, edge
from analyzer.describe.builtin.phrasing import Phrasing, capital, number, seconds, share_of_picture, the_first
from analyzer.signal.activity import LightChange

_MUCH_LIGHT = 30.0  # grey levels: a lamp rather than a cloud


def timing(courses: Sequence[Course], start_s: float, end_s: float, phrasing: Phrasing) -> str:
    """Return when the movers were there, as a sentence."""
    first = min(course.mover.start_s for course in courses)
    last = max(course.mover.end_s for course in courses)
    alone = len(courses) == 1
    it, appears, gone = ("It", "appears", "gone") if alone else ("The movement", "starts", "over")
    at_once = "is there from the start and" if alone else "starts at once and is"
    after, lasting = seconds(first - start_s), seconds(last - first)
    if first - start_s < 1 and end_s - last < 1:
        return phrasing.pick(
            "throughout",
            "It is there from start to end." if alone else "The movement goes on from start to end.",
            "That goes on the whole time.",
            f"{it} is already there at the start and still there at the end.",
        )
    if first - start_s < 1:
        until = seconds(last - start_s)
        return phrasing.pick(
            "at first",
            f"{it} {at_once} {gone} after {until}.",
            f"After {until} it is {gone}.",
            f"That takes up {the_first(last - start_s)}.",
        )
    if end_s - last < 1:
        return phrasing.pick(
            "at last",
            f"The movement begins after {after} and goes on to the end.",
            f"That starts after {after} and lasts to the end.",
            f"{it} {appears} after {after} and is still there at the end.",
        )
    return phrasing.pick(
        "between",
        f"The movement begins after {after} and lasts {lasting}.",
        f"{it} {appears} after {after} and is {gone} {lasting} later.",
        f"That lasts {lasting}, starting after {after}.",
    )


def extent(share: float, phrasing: Phrasing) -> str:
    """Return how much of the picture changed, as a sentence."""
    part = share_of_picture(share)
    if share < 0.01:
        return phrasing.pick(
            "little",
            "Less than 1% of the picture changes at any time.",
            f"Little changes: {part} at any time.",
            f"Even at the peak, {part} changes.",
        )
    return phrasing.pick(
        "extent",
        f"At the peak, {part} changes at once.",
        f"At the peak, {part} is in motion.",
        f"{capital(part)} changes at the busiest moment.",
        f"The motion takes up {part} at its peak.",
    )


def ends(course: Course, start_s: float, end_s: float) -> str:
    """Return at which edge a lone mover came and went, as a sentence; empty if it did neither at an edge."""
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


def light(changes: Sequence[LightChange], phrasing: Phrasing) -> str:
    """Return the changes of light (at least one) as a clause without capital and full stop."""
    if len(changes) > 2:
        return f"the light changes {number(len(changes))} times"
    signs = [change.levels > 0 for change in changes]
    much = " much" if max(abs(change.levels) for change in changes) >= _MUCH_LIGHT else ""
    if signs == [True, False] and changes[1].at_s - changes[0].at_s < 1.5:
        return phrasing.pick(
            "flash", "a flash of light passes over the picture", "the whole picture flashes bright"
        )
    if signs in ([True, False], [False, True]):
        there, back = ("brighter", "darker") if signs[0] else ("darker", "brighter")
        return phrasing.pick(
            "light and back",
            f"the picture turns{much} {there}, then {back} again",
            f"the scene {'brightens, then darkens' if signs[0] else 'darkens, then brightens'} again",
            f"the scene gets{much} {there} for {seconds(changes[1].at_s - changes[0].at_s)}, then {back}",
        )
    if signs[0]:
        return phrasing.pick(
            "brighter",
            f"the picture turns{much} brighter",
            "the scene brightens",
            f"the scene gets{much} brighter",
        )
    return phrasing.pick(
        "darker", f"the picture turns{much} darker", "the scene darkens", f"the scene gets{much} darker"
    )
