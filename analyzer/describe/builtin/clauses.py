"""What movers do, as clauses that state only what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from analyzer.describe.builtin.course import Course, at_once
from analyzer.describe.builtin.phrasing import Phrasing, number, seconds

MAX_SEVERAL = 6
_OPPOSITE = ({"left to right", "right to left"}, {"up", "down"})


def action(courses: Sequence[Course], voice: Phrasing) -> str:
    """What the movers do, as a clause without capital and full stop. At least one mover.

    A number is said only of movers that were there at the same time.
    """
    if len(courses) == 1:
        return f"{_subject(courses[0], voice)} {_path(courses[0], voice)}"
    most = at_once(courses)
    if len(courses) == 2:
        earlier, later = sorted(courses, key=lambda course: course.mover.start_s)
        return _pair(earlier, later, voice) if most == 2 else _in_turn(earlier, later, voice)
    if most == len(courses):
        return _crowd(courses, voice)
    return _come_and_go(courses, most, voice)


def many(count: int) -> str:
    """So many movers: more than three are not numbered, as one may hide another."""
    return number(count) if count <= 3 else "several" if count <= MAX_SEVERAL else "many"


def _subject(course: Course, voice: Phrasing) -> str:
    if not course.size:
        return voice.pick("subject", "something", "a mover")
    return voice.pick("subject", f"something {course.size}", f"a {course.size} mover")


def _path(course: Course, voice: Phrasing) -> str:
    """The verb and where to, for a singular subject."""
    if course.turn:
        return voice.pick(
            "turn",
            f"moves {_from_to(course.start, course.turn)} and back",
            f"goes {_from_to(course.start, course.turn)} and turns back",
            f"starts {course.start}, gets as far as {_bare(course.turn)} and turns back",
        )
    if not course.way or _hovers(course):
        verb = "keeps moving" if course.life_s > 3 else "stirs"
        return voice.pick(
            "in place",
            f"{verb} {course.start}",
            f"{verb} {course.start} and stays there",
            f"moves about {course.start}",
        )
    quickly = {"fast": " quickly", "slow": " slowly"}.get(course.pace, "")
    lasting = seconds(course.life_s)
    if course.crosses:
        return voice.pick(
            "crossing",
            f"crosses the picture{quickly}, {across(course)}",
            f"goes{quickly} all the way {across(course)}",
            f"takes {lasting} to cross {across(course)}",
            f"passes{quickly} through the picture {across(course)}",
        )
    if course.start == course.end:
        return voice.pick(
            "short way",
            f"moves{quickly} a little way {_along(course.way)}, {course.start}",
            f"shifts{quickly} {_along(course.way)} {course.start}",
            f"goes{quickly} a short way {_along(course.way)}, {course.start}",
        )
    return voice.pick(
        "way",
        f"moves{quickly} {_from_to(course.start, course.end)}",
        f"goes{quickly} {_from_to(course.start, course.end)}",
        f"makes its way{quickly} {_from_to(course.start, course.end)}",
        f"starts {course.start} and ends {course.end}",
        f"travels{quickly} {_from_to(course.start, course.end)}",
    )


def _hovers(course: Course) -> bool:
    """A slanting way within one part: "towards the lower left, in the upper left" would help nobody."""
    return course.start == course.end and course.way.startswith("towards")


def across(course: Course) -> str:
    """Its way, for one that goes from side to side."""
    sides = {"up": "from bottom to top", "down": "from top to bottom"}
    return sides.get(course.way) or _along(course.way)


def _along(way: str) -> str:
    if way in {"up", "down"}:
        return f"{way} the picture"
    return f"from {way}" if " to " in way else way


def _from_to(start: str, end: str) -> str:
    return f"from {_bare(start)} to {_bare(end)}"


def _bare(place: str) -> str:
    """A place without its preposition."""
    return place.split(" ", 1)[1]


def opposite(first: Course, second: Course) -> bool:
    return {first.way, second.way} in _OPPOSITE


def _pair(earlier: Course, later: Course, voice: Phrasing) -> str:
    """Two at the same time."""
    if opposite(earlier, later):
        ways = f"one {_along(earlier.way)}, the other {_along(later.way).removesuffix(' the picture')}"
        return voice.pick(
            "opposite",
            f"two movers pass in opposite directions, {ways}",
            f"two movers go opposite ways at the same time, {ways}",
            f"there are two movers, {ways}",
        )
    if earlier.way and earlier.way == later.way:
        return voice.pick(
            "same way",
            f"two movers go {_along(earlier.way)} at the same time",
            f"two movers at the same time go {_along(earlier.way)}",
            f"two movers head the same way, {_along(earlier.way)}",
        )
    one, other = _verb(earlier), _verb(later)
    return voice.pick(
        "two at once",
        f"one mover {one} while another {other}",
        f"while one mover {one}, another {other}",
        f"there are two movers: one {one}, the other {other}",
    )


def _in_turn(earlier: Course, later: Course, voice: Phrasing) -> str:
    """One after the other, which may have been the same one: no number is said."""
    one, other = _verb(earlier), _verb(later)
    if one == other:
        return voice.pick(
            "again", f"something {one}, and later something {one} again", f"something {one}, twice"
        )
    return voice.pick(
        "in turn",
        f"first something {one}, then something {other}",
        f"something {one}, and after that something {other}",
        f"something {one}, and later something {other}",
    )


def _verb(course: Course) -> str:
    if course.turn:
        return f"goes {_from_to(course.start, course.turn)} and back"
    if not course.way:
        return f"stirs {course.start}"
    if _hovers(course):
        return f"moves about {course.start}"
    if course.crosses:
        return f"crosses {across(course)}"
    return f"goes {_along(course.way)}" + (f" {course.start}" if course.start == course.end else "")


def main_way(courses: Sequence[Course]) -> tuple[str, int]:
    """The way that most movers take, empty if none is taken by half of them, and how many take it."""
    way, count = Counter(course.way for course in courses).most_common(1)[0]
    return (way, count) if way and count * 2 >= len(courses) else ("", 0)


def part(count: int, courses: Sequence[Course]) -> str:
    """So many of them, at least half, in a word."""
    return "most of them" if count * 2 > len(courses) else "half of them"


def largest(courses: Sequence[Course]) -> Course:
    return max(courses, key=lambda course: course.mover.share)


def _crowd(courses: Sequence[Course], voice: Phrasing) -> str:
    """Three or more at the same time."""
    so_many = many(len(courses))
    way, count = main_way(courses)
    if way and count == len(courses):
        return voice.pick(
            "crowd one way",
            f"{so_many} movers all go {_along(way)}",
            f"{so_many} movers go the same way, {_along(way)}",
        )
    if way:
        return voice.pick(
            "crowd mostly",
            f"{so_many} movers are about, {part(count, courses)} going {_along(way)}",
            f"{so_many} movers share the picture, {part(count, courses)} heading {_along(way)}",
        )
    if not any(course.way or course.turn for course in courses):
        return f"{so_many} movers stir without going anywhere, most of all {courses[0].start}"
    # Among so many, one that seems to turn back may have been taken for another.
    what = f"the largest {_path(replace(largest(courses), turn=''), voice)}"
    return voice.pick(
        "crowd",
        f"{so_many} movers go different ways; {what}",
        f"{so_many} movers are about; {what}",
        f"there are {so_many} movers; {what}",
    )


def _come_and_go(courses: Sequence[Course], most: int, voice: Phrasing) -> str:
    """Three or more, not all of them at the same time."""
    way, count = main_way(courses)
    if way:
        ways = f"{'always' if count == len(courses) else 'mostly'} {_along(way)}"
    else:
        ways = f"most of all {largest(courses).start}"
    if most == 1:
        return voice.pick(
            "one at a time", f"movement comes and goes, {ways}", f"now and then something moves, {ways}"
        )
    so_many = f"at most {number(most)} movers" if most <= 3 else f"{many(most)} movers"
    return voice.pick(
        "at a time",
        f"movement comes and goes, {ways}, with {so_many} at a time",
        f"there are {so_many} at a time, moving {ways}",
    )
