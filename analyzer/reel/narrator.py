"""A model that writes the story; every sentence belongs to a chapter."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.describe.describer import as_describe_error
from analyzer.describe.model.answer import numbered, object_schema, plain, shortened
from analyzer.describe.model.spoken import RULE, listed
from analyzer.describe.model.text_model import SELECTING, Sampling, Schema, TextModel
from analyzer.reel.records import Choice, Gap, Story
from analyzer.reel.story import MAX_STORY_TITLE_CHARS, narrate
from base.clock import utc_after
from base.local_time import length_text, time_text

_SENTENCE_ENDS = frozenset(".!?…\"'”»")

_TASK = """\
You write the narration of a highlight reel from a camera's log. You are given its chapters in the order of \
time: number, time, camera and what happened. Tell them as one story that flows from chapter to chapter.
- One sentence for each chapter, two where it deserves them; each belongs to exactly one chapter.
- Tell only what is written there. Invent nothing: no names, no reasons, no feelings, no outcome.
- Link what belongs together ("the same van", "again") only where the log makes it clear.
- Vary how sentences begin. Plain text in the present tense, no lists.

Answer with one JSON object with the keys
sentences: a list in the order of the chapters, each with the keys "chapter" (the chapter's number) and \
"sentence".
title: the story in at most 10 words, what a newspaper would print above it."""

_log = logging.getLogger(__name__)


class Narrator:
    """Writes a reel's story with a model; where the model fails, it is the built-in story."""

    def __init__(
        self, model: TextModel, *, sampling: Sampling = SELECTING, language: str = "English"
    ) -> None:
        """``language``, by its English name, is what the story is written in."""
        self._model = model
        self._sampling = sampling
        self._language = language

    async def narrate(
        self,
        choices: Sequence[Choice],
        gaps: Sequence[Gap],
        cameras: Sequence[str],
        *,
        media_time: bool = False,
    ) -> Story:
        """As ``analyzer.reel.story.narrate``, in the model's words.

        A sentence that names no chapter is dropped; a chapter that is left without one has its built-in
        sentence. Without an answer the whole story is the built-in one.
        """
        built_in = narrate(choices, gaps, cameras, media_time=media_time)
        if not choices:
            return built_in
        chapters = "\n".join(
            f"{n}. {_entry(choice, media_time=media_time)}" for n, choice in enumerate(choices, 1)
        )
        speech = any(listed(choice.moment.window) for choice in choices)
        try:
            answer = await self._model.complete(
                self._system(speech=speech), chapters, _schema(len(choices)), self._sampling
            )
        except Exception as error:  # noqa: BLE001  # a model's client may raise anything
            _log.warning("no narration, using the built-in story: %s", as_describe_error(error))
            return built_in
        return _read(answer, built_in)

    def _system(self, *, speech: bool) -> str:
        tongue = "" if self._language.lower() == "english" else f"\nWrite all of it in {self._language}."
        rule = f"\n{RULE}" if speech else ""
        return f"{_TASK}{rule}{tongue}"


def _schema(chapters: int) -> Schema:
    sentence = object_schema(
        {
            "chapter": {"type": "integer", "minimum": 1, "maximum": chapters},
            "sentence": {"type": "string"},
        }
    )
    return object_schema(
        {
            "sentences": {
                "type": "array",
                "items": sentence,
                "minItems": chapters,
                "maxItems": 2 * chapters,
            },
            "title": {"type": "string"},
        }
    )


def _entry(choice: Choice, *, media_time: bool) -> str:
    moment, window = choice.moment, choice.moment.window
    wall_utc = utc_after(window.start_utc, choice.start_s - window.start_s)
    at = length_text(choice.start_s) if media_time else time_text(wall_utc)
    return f"{at}, {window.camera}: {plain(moment.title)}. {plain(moment.text)}{listed(window)}"


def _read(answer: Mapping[str, Any], built_in: Story) -> Story:
    written: dict[int, list[str]] = {}
    for n, line in numbered(answer.get("sentences"), "chapter", "sentence", len(built_in.sentences)):
        written.setdefault(n, []).append(line if line[-1] in _SENTENCE_ENDS else f"{line}.")
    if not written:
        return built_in
    sentences = tuple(" ".join(written.get(n, [ours])) for n, ours in enumerate(built_in.sentences, 1))
    title = plain(answer["title"]) if isinstance(answer.get("title"), str) else ""
    return Story(shortened(title, MAX_STORY_TITLE_CHARS) or built_in.title, " ".join(sentences), sentences)
