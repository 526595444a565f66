"""Every template of the built-in describer, rendered with every place, direction, duration and count."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product

import pytest

from analyzer.describe.builtin.describer import BuiltinDescriber
from analyzer.describe.moment import MAX_TITLE_CHARS
from analyzer.signal.activity import Activity, LightChange, Mover
from analyzer.signal.window import Window
from tests.kit.records.moments import active

THIRDS = (0.15, 0.5, 0.85)
PLACES = tuple(product(THIRDS, THIRDS))
NEARBY = ((0.01, 0.0), (0.14, 0.0), (-0.14, 0.0), (0.0, 0.14), (0.0, -0.14), (0.1, 0.1), (-0.1, -0.1))
SHARES = (0.001, 0.02, 0.2)
EXTENTS = (0.0, 0.005, 0.01, 0.08, 0.1, 0.12, 0.2, 0.25, 0.3, 0.5, 0.7, 0.8, 1.0)
SPANS_S = ((0.0, 10.0), (0.0, 1.2), (0.0, 5.0), (1.2, 2.1), (2.0, 9.0), (4.0, 10.0), (9.2, 9.9))
# Phrasing takes the wordings of a slot in turn: of up to five, so many windows in a row hold each.
ROUND = range(5)

NOUN = r"(?:movers|seconds|times|hard cuts|movements)"
ONE = r"(?:movers|seconds|cuts|times)"
MANY = r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|several|many)"
PLURAL_VERB = r"(?:go|move|cross|pass|come|keep|start|take|head|shift|travel|have|are|turn|stay)"
SINGULAR_VERB = r"(?:goes|moves|crosses|passes|comes|keeps|starts|takes|heads|shifts|has|is|turns|stays)"
SUBJECT = (
    r"(?:something(?: small| large)?|a(?: small| large)? mover|one mover|another|the other|the largest"
    r"|the movement|movement|it|the picture|the scene|the light)"
)
WRONG = {
    "two spaces": r"  ",
    "a doubled word": r"\b(\w+),? \1\b",
    "a space or a comma before punctuation": r"[\s,;:][,;:.!?]|\(\)",
    "a plural of one": rf"\b(?:one|a|an|1) (?:small |large |hard )?{ONE}\b",
    "a singular of several": rf"\b{MANY} (?:small |large |hard )?(?:mover|second|cut|time)\b",
    "a plural verb of one": rf"\b{SUBJECT} (?:quickly |slowly )?{PLURAL_VERB}\b",
    "a singular verb of several": rf"\b{NOUN} (?:all |both )?(?:quickly |slowly )?{SINGULAR_VERB}\b",
    "a before a vowel": r"\ba [aeio]\w",
    "an before a consonant": r"\ban [^aeiou]",
    "two articles": r"\b(?:a|an|the) (?:first )?(?:a|an|the)\b",
    "two prepositions": r"\b(?<!goes )(?:from|to|towards|at|in|on) (?:from|to|towards|at|in|on)\b",
    "an upper bound": rf"\b(?:at most|up to|only|just|exactly) {MANY} movers\b",
    "a way without its preposition": r"\bcrosses (?:left|right|top|bottom)\b",
    "a placeholder": r"[{}_]|\bNone\b",
    "an unusual word": r"\b(?:stirs?|stirrings?|somebody|nobody|whilst|thereupon)\b",
}


def going(
    span_s: tuple[float, float], a: tuple[float, float], b: tuple[float, float], **more: float
) -> Mover:
    return Mover(*span_s, *a, *b, more.get("share", 0.02))


def alone() -> Iterator[Activity]:
    """Lone movers: every way from place to place, then every span and size of some."""
    for a, b in product(PLACES, PLACES):
        yield Activity(5.0, 0.1, (going((2.0, 6.0), a, b),))
        yield Activity(5.0, 0.1, (Mover(2.0, 6.0, *a, *a, 0.02, b),))
    for (x, y), (across, down) in product(PLACES, NEARBY):
        yield Activity(5.0, 0.1, (going((2.0, 6.0), (x, y), (x + across, y + down)),))
    ways = [((0.15, 0.5), end) for end in ((0.16, 0.5), (0.29, 0.5), (0.5, 0.5), (0.85, 0.5))]
    ways += [((0.02, 0.5), (0.98, 0.5)), ((0.5, 0.02), (0.5, 0.98)), ((0.02, 0.98), (0.98, 0.02))]
    for (a, b), span_s, share in product(ways, SPANS_S, SHARES):
        yield Activity(span_s[1] - span_s[0], share, (going(span_s, a, b, share=share),))


def some_ways(span_s: tuple[float, float]) -> Iterator[Mover]:
    """Movers of each direction, crossing, short or in place; and one that turns back."""
    for across, down in product((-0.4, 0.0, 0.4), (-0.4, 0.0, 0.4)):
        for part in (0.25, 1.0):
            yield going(
                span_s,
                (0.5 - across * part, 0.5 - down * part),
                (0.5 + across * part, 0.5 + down * part),
            )
    yield Mover(*span_s, 0.1, 0.5, 0.1, 0.5, 0.02, (0.9, 0.5))
    yield Mover(*span_s, 0.1, 0.5, 0.1, 0.5, 0.02, (0.2, 0.5))


def pairs() -> Iterator[Activity]:
    for second_s in ((2.0, 7.0), (5.0, 9.0)):
        for first, second in product(some_ways((1.0, 4.0)), some_ways(second_s)):
            yield Activity(6.0, 0.1, (first, second))


def crowds() -> Iterator[Activity]:
    """Three to twelve movers: at once or some at a time; one way, mostly one way, any way, in place."""
    any_way = list(some_ways((0.0, 1.0)))
    for count, at_once in product(range(3, 13), (1, 2, 3, 4, 7, 12)):
        for main, every in product((0, 4, 17, 18), (1, 2, 3)):
            yield Activity(
                9.0,
                0.5,
                tuple(
                    _at(any_way[main if n % every == 0 else n % len(any_way)], n // at_once * 0.8)
                    for n in range(count)
                ),
            )


def _at(mover: Mover, start_s: float) -> Mover:
    return Mover(start_s, start_s + 0.7, mover.x0, mover.y0, mover.x1, mover.y1, mover.share, mover.turn)


def lights() -> Iterator[tuple[LightChange, ...]]:
    for count, levels, gap_s in product((1, 2, 3, 9), (14.0, 80.0), (0.4, 1.8)):
        for sign in (1, -1):
            for turns in (1, -1):
                yield tuple(
                    LightChange(0.1 + n * gap_s * 0.6, sign * turns**n * levels) for n in range(count)
                )


def lit_and_cut() -> Iterator[Activity]:
    """Cuts and changes of light, with and without movers before, after and around them."""
    movers: list[tuple[Mover, ...]] = [()]
    movers += [(mover,) for span_s in ((0.0, 1.0), (4.0, 6.0), (0.0, 9.0)) for mover in some_ways(span_s)]
    movers += [
        (going((0.0, 1.0), (0.1, 0.5), (0.9, 0.5)), going(span_s, (0.1, 0.5), (0.5, 0.5)))
        for span_s in ((0.2, 1.2), (5.0, 7.0))
    ]
    for moved, count, active_s in product(movers, (1, 2, 3, 12), (0.0, 1.0, 6.0)):
        cuts = tuple(2.0 + n * 0.1 for n in range(count))
        yield Activity(active_s, 0.2, moved, cuts)
        yield Activity(active_s, 0.2, moved, (0.0,))
    for light, moved, active_s in product(lights(), movers[:6], (0.0, 6.0)):
        yield Activity(active_s, 0.2, moved, (), light)


def scattered() -> Iterator[Activity]:
    """Movement that could not be tracked: every duration and extent."""
    for tenths, share in product(
        range(0, 101, 2), (0.0, 0.005, 0.01, 0.08, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 1.0)
    ):
        yield Activity(tenths / 10, share)


KINDS = (alone, pairs, crowds, lit_and_cut, scattered)


def window(index: int, activity: Activity) -> Window:
    """The activity, moved to the window of this index."""
    start_s = 10.0 * index
    movers = tuple(
        Mover(m.start_s + start_s, m.end_s + start_s, m.x0, m.y0, m.x1, m.y1, m.share, m.turn)
        for m in activity.movers
    )
    light = tuple(LightChange(change.at_s + start_s, change.levels) for change in activity.light)
    cuts = tuple(cut_s + start_s for cut_s in activity.cuts)
    return active(index, Activity(activity.active_s, activity.share, movers, cuts, light))


@cache
def rendered(kind: int) -> Sequence[tuple[str, str]]:
    """Title and text, each once, in a fixed order."""

    async def render() -> list[tuple[str, str]]:
        describer = BuiltinDescriber()
        activities = KINDS[kind]()
        windows = (window(index, activity) for activity in activities for index in ROUND)
        moments = [await describer.describe(each) for each in windows]
        return [(moment.title, moment.text) for moment in moments]

    return list(dict.fromkeys(asyncio.run(render())))


def sentences(text: str) -> list[str]:
    return [f"{part}." for part in text.removesuffix(".").split(". ")]


every_kind = pytest.mark.parametrize("kind", range(len(KINDS)), ids=lambda kind: KINDS[kind].__name__)


@every_kind
def test_titles_have_a_capital_and_no_full_stop_and_fit(kind: int) -> None:
    for title in {title for title, _ in rendered(kind)}:
        assert re.fullmatch(rf"[A-Z].{{2,{MAX_TITLE_CHARS - 2}}}[a-z]", title), title


@every_kind
def test_texts_are_sentences_with_a_capital_and_one_full_stop(kind: int) -> None:
    for text in {text for _, text in rendered(kind)}:
        assert 1 <= len(sentences(text)) <= 3, text
        assert all(re.fullmatch(r"[A-Z][^.!?]{2,}[a-z]\.", sentence) for sentence in sentences(text)), text


@every_kind
def test_titles_and_sentences_are_good_english(kind: int) -> None:
    lines = {line for title, text in rendered(kind) for line in (title, *sentences(text))}
    for name, pattern in WRONG.items():
        wrong = [line for line in sorted(lines) if re.search(pattern, line, re.IGNORECASE)]
        assert not wrong, f"{name}: {wrong[:5]}"


@every_kind
def test_no_sentence_is_written_twice(kind: int) -> None:
    for text in {text for _, text in rendered(kind)}:
        assert len(set(sentences(text))) == len(sentences(text)), text


def test_the_checks_find_what_is_wrong() -> None:
    examples = {
        "two spaces": "Two  movers",
        "a doubled word": "At most, most of it",
        "a space or a comma before punctuation": "It goes ,",
        "a plural of one": "1 movers go",
        "a singular of several": "Two mover go",
        "a plural verb of one": "Something quickly move",
        "a singular verb of several": "Two movers both goes",
        "a before a vowel": "a eighth",
        "an before a consonant": "an second",
        "two articles": "the first a second",
        "two prepositions": "from in the centre",
        "an upper bound": "Up to two movers at once",
        "a way without its preposition": "A mover crosses left to right",
        "a placeholder": "None of it",
        "an unusual word": "It stirs",
    }
    assert examples.keys() == WRONG.keys()
    assert all(re.search(WRONG[name], text, re.IGNORECASE) for name, text in examples.items())
