"""The contract of Narrate, for each implementation: a sentence for each choice, and never an error."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from analyzer.describe.describer import DescribeError
from analyzer.reel.narrator import Narrator
from analyzer.reel.records import Choice, Gap, GapReason, Story
from analyzer.reel.story import MAX_STORY_TITLE_CHARS
from livereel.config.describers import Narrate, make_language_models
from livereel.config.schema import Config
from tests.kit.models.text_model import ScriptedModel
from tests.kit.records.moments import moment
from tests.kit.records.windows import measured

CHOICES = tuple(
    Choice(moment(n, camera=camera, title=f"Event {n}"), "Why not.")
    for n, camera in ((0, "front"), (3, "back"), (9, "front"))
)
GAP = Gap("front", measured(4).start_utc, measured(5).start_utc, GapReason.SOURCE_DOWN)
GOOD = {
    "sentences": [{"chapter": n, "sentence": f"This is chapter {n}."} for n in (1, 2, 3)],
    "title": "A day at the gate " * 20,
}


def by(*answers: dict[str, Any] | DescribeError) -> Narrate:
    return Narrator(ScriptedModel(*answers)).narrate


IMPLEMENTATIONS = {
    "built-in": make_language_models(Config(), ()).narrate,
    "model": by(*[GOOD] * 4),
    "model that fails": by(*[DescribeError("no answer within 60 s", retryable=True)] * 4),
    "model that answers anything": by(*[{"sentences": [{"chapter": 8}, None, "One."], "title": 7}] * 4),
}


@pytest.fixture(params=IMPLEMENTATIONS)
def narrate(request: pytest.FixtureRequest) -> Narrate:
    return IMPLEMENTATIONS[request.param]


def story_of(narrate: Narrate, choices: Sequence[Choice], *, media_time: bool = False) -> Story:
    return asyncio.run(narrate(choices, [GAP], ["front", "back"], media_time=media_time))


@pytest.mark.parametrize("media_time", [False, True])
def test_each_choice_has_a_sentence_in_order(narrate: Narrate, *, media_time: bool) -> None:
    story = story_of(narrate, CHOICES, media_time=media_time)
    assert len(story.sentences) == len(CHOICES)
    assert all(sentence.strip() for sentence in story.sentences)
    assert story.narrative == " ".join(story.sentences)
    assert 0 < len(story.title) <= MAX_STORY_TITLE_CHARS
    assert "\n" not in story.title


def test_without_choices_there_is_a_title_and_no_sentence(narrate: Narrate) -> None:
    story = story_of(narrate, [])
    assert story.title
    assert (story.narrative, story.sentences) == ("", ())
