"""What movers do, as clauses that say what was measured and nothing more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from analyzer.describe.builtin.course import Course
from analyzer.describe.builtin.phrasing import Voice, number, seconds

_OPPOSITE = ({"left to right", "right to left"}, {"up", "down"})


def action(courses: Sequence[Course], voice: Voice) -> str:
    """What the movers do, as a clause without capital and full stop. At least one mover."""
    if len(courses) == 1:
        return f"{_subject(courses[0], voice)} {_path(courses[0], voice)}"
    if len(courses) == 2:
        return _pair(courses[0], courses[1], voice)
    return _crowd(courses, voice)


def _subject(course: Course, voice: Voice) -> str:
    if not course.size:
        return voice.pick("subject", "something", "one mover", "a single mover", "a mover")
    return voice.pick(
        "subject", f"something {course.size}", f"a {course.size} mover", f"one {course.size} mover"
    )


def _path(course: Course, voice: Voice) -> str:
    """The verb and where to, for a singular subject."""
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
        f"moves{quickly} {_from_to(course)}",
        f"goes{quickly} {_from_to(course)}",
        f"makes its way{quickly} {_from_to(course)}",
        f"starts {course.start} and ends {course.end}",
        f"travels{quickly} {_from_to(course)}",
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


def _from_to(course: Course) -> str:
    start, end = (place.split(" ", 1)[1] for place in (course.start, course.end))
    return f"from {start} to {end}"


def _pair(first: Course, second: Course, voice: Voice) -> str:
    earlier, later = sorted((first, second), key=lambda course: course.mover.start_s)
    apart = later.mover.start_s >= earlier.mover.end_s
    if {first.way, second.way} in _OPPOSITE:
        ways = f"one {_along(earlier.way)}, the other {_along(later.way).removesuffix(' the picture')}"
        if apart:
            return voice.pick(
                "opposite turns",
                f"one mover goes {_along(earlier.way)}, and later another {_along(later.way)}",
                f"two movers go opposite ways, one after the other: first {_along(earlier.way)}",
                f"first something moves {_along(earlier.way)}, then something else {_along(later.way)}",
            )
        return voice.pick(
            "opposite",
            f"two movers pass in opposite directions, {ways}",
            f"two movers go opposite ways at the same time, {ways}",
            f"there are two movers, {ways}",
        )
    if first.way and first.way == second.way:
        order = "one after the other" if apart else "at the same time"
        return voice.pick(
            "same way",
            f"two movers go {_along(first.way)}, {order}",
            f"two movers, {order}, go {_along(first.way)}",
            f"two movers head the same way, {_along(first.way)}, {order}",
        )
    one, other = _verb(earlier), _verb(later)
    if apart:
        return voice.pick(
            "two turns",
            f"one mover {one}, then another {other}",
            f"first something {one}, then something else {other}",
            f"a mover {one}; after it, another {other}",
        )
    return voice.pick(
        "two at once",
        f"one mover {one}, while another {other}",
        f"while one mover {one}, another {other}",
        f"something {one} as something else {other}",
        f"of two movers, one {one} and one {other}",
    )


def _verb(course: Course) -> str:
    if not course.way:
        return f"stays {course.start}"
    if _hovers(course):
        return f"moves about {course.start}"
    if course.crosses:
        return f"crosses {across(course)}"
    return f"goes {_along(course.way)}" + (f" {course.start}" if course.start == course.end else "")


def main_way(courses: Sequence[Course]) -> tuple[str, int]:
    """The way that most movers take, empty if none is taken by half of them, and how many take it."""
    way, count = Counter(course.way for course in courses).most_common(1)[0]
    return (way, count) if way and count * 2 >= len(courses) else ("", 0)


def _crowd(courses: Sequence[Course], voice: Voice) -> str:
    many = number(len(courses))
    way, count = main_way(courses)
    if way and count == len(courses):
        return voice.pick(
            "crowd one way",
            f"{many} movers all go {_along(way)}",
            f"{many} movers go the same way, {_along(way)}",
            f"all {many} movers head {_along(way)}",
        )
    if way:
        return voice.pick(
            "crowd mostly",
            f"{many} movers are about, {number(count)} of them going {_along(way)}",
            f"of {many} movers, {number(count)} go {_along(way)}",
            f"{many} movers share the picture, most of them heading {_along(way)}"
            if count * 2 > len(courses)
            else f"{many} movers share the picture, half of them heading {_along(way)}",
        )
    if not any(course.way for course in courses):
        return f"{many} movers stir without going anywhere, most of all {courses[0].start}"
    biggest = max(courses, key=lambda course: course.mover.share)
    largest = f"the largest {_path(biggest, voice)}"
    return voice.pick(
        "crowd",
        f"{many} movers go different ways; {largest}",
        f"{many} movers are about, each its own way; {largest}",
        f"there are {many} movers, and {largest}",
        f"{many} movers keep the picture busy, while {largest}",
    )
