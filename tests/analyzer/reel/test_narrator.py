from __future__ import annotations

import asyncio
import logging
from typing import Any

import jsonschema
import pytest

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.text_model import SELECTING
from analyzer.reel.narrator import Narrator
from analyzer.reel.records import Choice, Story
from analyzer.reel.story import MAX_STORY_TITLE_CHARS, narrate
from tests.kit.models.text_model import ScriptedModel
from tests.kit.records.moments import moment

CHOICES = [Choice(moment(n, title=f"Event {n}"), "Why not.") for n in (0, 3, 9)]
BUILT_IN = narrate(CHOICES, [], ["front"])


def narrated(*answers: dict[str, Any] | DescribeError) -> Story:
    return asyncio.run(Narrator(ScriptedModel(*answers)).narrate(CHOICES, [], ["front"]))


def sentences(*told: tuple[object, object], title: object = "A day at the gate") -> dict[str, Any]:
    return {"sentences": [{"chapter": n, "sentence": text} for n, text in told], "title": title}


def test_each_sentence_stands_with_the_chapter_that_it_names() -> None:
    story = narrated(sentences((1, "One."), (2, "Two"), (2, "Still two!"), (3, "Three.")))
    assert story == Story(
        "A day at the gate", "One. Two. Still two! Three.", ("One.", "Two. Still two!", "Three.")
    )


def test_sentences_out_of_order_are_put_in_order() -> None:
    assert narrated(sentences((3, "Three."), (1, "One."), (2, "Two."))).sentences == (
        "One.",
        "Two.",
        "Three.",
    )


def test_a_sentence_that_names_no_chapter_is_dropped() -> None:
    story = narrated(sentences((1, "One."), (4, "Four."), (None, "None."), ("2", "Text."), (True, "True.")))
    assert story.narrative.startswith("One. ")
    for dropped in ("Four", "None", "Text", "True"):
        assert dropped not in story.narrative


def test_a_chapter_that_is_left_out_has_its_built_in_sentence() -> None:
    story = narrated(sentences((1, "One."), (3, "Three.")))
    assert story.sentences == ("One.", BUILT_IN.sentences[1], "Three.")
    assert story.narrative == " ".join(story.sentences)


@pytest.mark.parametrize("answer", [{}, sentences(), sentences((9, "Nine.")), {"sentences": "One."}])
def test_without_any_usable_sentence_the_built_in_story_is_used(answer: dict[str, Any]) -> None:
    assert narrated(answer) == BUILT_IN


def test_a_model_that_fails_is_replaced_by_the_built_in_story(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert narrated(DescribeError("no answer within 60 s", retryable=True)) == BUILT_IN
    assert "no answer within 60 s" in caplog.text


@pytest.mark.parametrize("title", [None, "", 7, " \n"])
def test_a_missing_title_is_the_built_in_one(title: object) -> None:
    assert narrated(sentences((1, "One."), title=title)).title == BUILT_IN.title


def test_too_long_a_title_ends_at_a_word() -> None:
    title = narrated(sentences((1, "One."), title="A gate opens and " * 9)).title
    assert len(title) <= MAX_STORY_TITLE_CHARS
    assert title.endswith("…")


def test_the_chapters_are_listed_with_their_times_and_the_schema_wants_one_for_each() -> None:
    model = ScriptedModel(sentences((1, "One.")), sentences((1, "One.")))
    narrator = Narrator(model, language="French")
    asyncio.run(narrator.narrate(CHOICES, [], ["front"]))
    asyncio.run(narrator.narrate(CHOICES, [], ["front"], media_time=True))
    (system, wall, schema, sampling), (_, media, _, _) = model.asked
    assert wall.splitlines()[1].startswith("2. 14:00:30, front: Event 3. A mover crosses")
    assert media.splitlines()[1].startswith("2. 0:30, front: ")
    assert "in French" in system
    assert sampling == SELECTING
    whole = sentences((1, "One."), (2, "Two."), (3, "Three."))
    jsonschema.validate(whole, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(sentences((1, "One."), (2, "Two."), (4, "Four.")), schema)


def test_nothing_to_show_needs_no_model() -> None:
    model = ScriptedModel()
    assert asyncio.run(Narrator(model).narrate([], [], [])) == narrate([], [], [])
    assert not model.asked
