from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.describe.model.answer import (
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_TEXT_CHARS,
    InvalidAnswerError,
    answer_schema,
    numbered,
    plain,
    read_answer,
    read_object,
)
from analyzer.describe.moment import MAX_TITLE_CHARS
from tests.kit.models.chat_server import GOOD


def said(**changes: Any) -> dict[str, Any]:
    return {**GOOD, **changes}


def test_reads_the_object_among_prose_fences_and_thoughts() -> None:
    text = (
        '\n<think>{"title": "no"}</think>\nI see.\n```json\n{"title": "yes", "n": {"m": 1}}\n```\n'
        "That is all."
    )
    assert read_object(text) == {"title": "yes", "n": {"m": 1}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nothing to see.",
        '{"title": "cut o',
        "[1, 2]",
        '{"importance": NaN}',
        '{"a":' * 5000,
        "{" * 5000,
        "[" * 100_000,
    ],
)
def test_refuses_what_holds_no_whole_object(text: str) -> None:
    with pytest.raises(InvalidAnswerError, match="JSON object"):
        read_object(text)


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans()), st.text(alphabet="abc .\n`"))
def test_any_object_is_parsed_from_the_text_around_it(value: dict[str, Any], around: str) -> None:
    assert read_object(f"{around}{json.dumps(value)}{around}") == value


def test_a_fitting_answer_becomes_a_moments_description() -> None:
    answer = read_answer(said())
    assert (answer.title, answer.text) == (GOOD["title"], GOOD["text"])
    assert (answer.importance, answer.tags, answer.alerts) == (6.0, ("person", "delivery"), ())


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"text": ""}, "text"),
        ({"text": 7}, "text"),
        ({"title": " \n "}, "title"),
        ({"title": None}, "title"),
        ({"importance": 11}, "importance"),
        ({"importance": -1}, "importance"),
        ({"importance": True}, "importance"),
        ({"importance": "much"}, "importance"),
        ({"importance": None}, "importance"),
        ({"importance": 10**400}, "importance"),
        ({"tags": None}, "tags"),
        ({"tags": [1]}, "tags"),
    ],
)
def test_an_unfit_value_is_named(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(InvalidAnswerError, match=what):
        read_answer(said(**changes))


def test_numbers_and_tags_as_text_are_accepted() -> None:
    answer = read_answer(said(importance="7", tags="Dog, red  car,dog"))
    assert (answer.importance, answer.tags) == (7.0, ("dog", "red car"))


def test_tags_are_short_few_and_different() -> None:
    answer = read_answer(said(tags=["Dog", "dog", "x" * (MAX_TAG_CHARS + 1), "", "a", "b", "c", "d", "e"]))
    assert answer.tags == ("dog", "a", "b", "c", "d")
    assert len(answer.tags) == MAX_TAGS


def test_too_long_a_title_ends_at_a_word() -> None:
    title = read_answer(said(title="A courier walks slowly " * 10)).title
    assert len(title) <= MAX_TITLE_CHARS
    assert title.endswith("A courier…")


def test_too_long_a_text_ends_at_a_sentence() -> None:
    text = read_answer(said(text="A van stops at the gate. " * 100)).text
    assert len(text) <= MAX_TEXT_CHARS
    assert text.endswith("gate.")


def test_lengths_that_just_fit_are_left_alone() -> None:
    answer = read_answer(said(title="x" * MAX_TITLE_CHARS, text="y" * MAX_TEXT_CHARS))
    assert (len(answer.title), len(answer.text)) == (MAX_TITLE_CHARS, MAX_TEXT_CHARS)


@given(st.text())
def test_plain_text_is_one_printable_line_that_can_be_stored(text: str) -> None:
    line = plain(text)
    assert line.isprintable()
    assert line == " ".join(line.split())
    line.encode()  # a lone surrogate, which JSON may hold, could not be


def test_plain_text_loses_its_markup() -> None:
    assert plain("**A `van`** stops\n\nat __last__\u200b.") == "A van stops at last ."


RULES = ("the gate stands open", "somebody lies on the ground")


def test_rules_that_hold_are_the_alerts_in_their_order() -> None:
    verdicts = {"rule_2": True, "rule_1": True}
    assert read_answer(said(alerts=verdicts), RULES).alerts == RULES
    assert read_answer(said(alerts=verdicts | {"rule_1": False}), RULES).alerts == RULES[1:]


@pytest.mark.parametrize(
    "alerts", [None, {}, {"rule_1": True}, {"rule_1": True, "rule_2": "no"}, [True, True]]
)
def test_every_rule_must_be_judged(alerts: object) -> None:
    with pytest.raises(InvalidAnswerError, match="rule_2"):
        read_answer(said(alerts=alerts), RULES)


def test_alerts_without_a_rule_are_ignored() -> None:
    assert read_answer(said(alerts={"rule_1": True})).alerts == ()


@pytest.mark.parametrize("rules", [(), RULES])
def test_the_schema_accepts_what_is_read_and_refuses_more(rules: tuple[str, ...]) -> None:
    alerts = {"alerts": {f"rule_{n}": False for n in range(1, len(rules) + 1)}} if rules else {}
    jsonschema.validate(said(**alerts), answer_schema(rules))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(said(**alerts, more=1), answer_schema(rules))


def test_numbered_entries_are_read_and_all_else_is_passed_over() -> None:
    listed = [
        {"n": 1, "t": " one "},
        {"n": True, "t": "x"},
        {"n": 0, "t": "x"},
        {"n": 3, "t": "x"},
        {"n": 2.0, "t": "x"},
        {"n": 2},
        {"n": 2, "t": ""},
        {"n": 2, "t": 5},
        "2. x",
        None,
        {"n": 2, "t": "two"},
    ]
    assert list(numbered(listed, "n", "t", 2)) == [(1, "one"), (2, "two")]
    assert list(numbered({"n": 1}, "n", "t", 2)) == []
