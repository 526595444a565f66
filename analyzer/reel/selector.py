"""A model that proposes which moments to show, and why."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.describe.describer import as_describe_error
from analyzer.describe.model.answer import numbered, object_schema, plain
from analyzer.describe.model.spoken import RULE, listed
from analyzer.describe.model.text_model import SELECTING, Sampling, Schema, TextModel
from analyzer.describe.moment import Moment
from analyzer.reel.choose import Pick, Proposal
from analyzer.reel.settings import ReelSettings

_TASK = """\
You edit the log of cameras into a short highlight reel. You are given moments in the order of time: number, \
time, camera, importance (0 to 10) and what happened. Choose those that are worth watching and that together \
tell what happened.
- Prefer what is important, rare or decides something. Of moments that are alike, choose one: the clearest.
- Spread the choice over the whole time; leave no long stretch out. Do not take three neighbours in a row.
- Always take the last moment: it closes the story.
- Judge only by what is written. Do not add anything.

Answer with one JSON object with the key "picks": a list of objects in the order of time, each with the keys
moment: the moment's number.
reason: why it is worth watching, one short sentence that says what no other moment has."""

_log = logging.getLogger(__name__)


class ModelSelector:
    """Asks a model which moments make a good reel."""

    def __init__(
        self,
        model: TextModel,
        rules: ReelSettings,
        *,
        sampling: Sampling = SELECTING,
        language: str = "English",
        guide: str = "",
    ) -> None:
        """Ask ``model`` for choices that keep to ``rules``.

        Args:
            model: what is asked.
            rules: how many moments a reel has.
            sampling: how the answer is drawn.
            language: by its English name, what the reasons are written in.
            guide: what counts in this reel, as a profile says it; may be empty.
        """
        self._model = model
        self._rules = rules
        self._sampling = sampling
        self._language = language
        self._guide = f"\nWhat counts in this reel:\n{guide.strip()}" if guide.strip() else ""

    async def propose(self, moments: tuple[Moment, ...]) -> Proposal | None:
        """What the model would choose; None when all are shown anyway, or when it gives no answer.

        Fits ``analyzer.reel.block_chooser.Propose``: moments come in the order of time, and the caller trusts
        nothing of the proposal.
        """
        if len(moments) <= self._rules.min_chapters:
            return None
        schema = _schema(len(moments), self._rules)
        system = self._system(speech=any(listed(moment.window) for moment in moments))
        try:
            answer = await self._model.complete(system, _listing(moments), schema, self._sampling)
        except Exception as error:  # noqa: BLE001  # a model's client may raise anything
            _log.warning("no proposal, the built-in ranking chooses: %s", as_describe_error(error))
            return None
        return _read(answer, moments)

    def _system(self, *, speech: bool) -> str:
        many = f"Choose {self._rules.min_chapters} to {self._rules.max_chapters} moments."
        tongue = "" if self._language.lower() == "english" else f" Write the reasons in {self._language}."
        rule = f"\n{RULE}" if speech else ""
        return f"{_TASK}{rule}\n{many}{tongue}{self._guide}"


def _schema(moments: int, rules: ReelSettings) -> Schema:
    pick = object_schema(
        {
            "moment": {"type": "integer", "minimum": 1, "maximum": moments},
            "reason": {"type": "string"},
        }
    )
    picks = {"type": "array", "items": pick, "minItems": rules.min_chapters, "maxItems": rules.max_chapters}
    return object_schema({"picks": picks})


def _listing(moments: Sequence[Moment]) -> str:
    return "\n".join(f"{n}. {_entry(moment)}" for n, moment in enumerate(moments, 1))


def _entry(moment: Moment) -> str:
    window = moment.window
    alerts = f" Alert: {'; '.join(moment.alerts)}." if moment.alerts else ""
    return (
        f"{window.start_utc[11:19]}, {window.camera}, importance {moment.importance:g}: "
        f"{plain(moment.title)}. {plain(moment.text)}{alerts}{listed(window)}"
    )


def _read(answer: Mapping[str, Any], moments: Sequence[Moment]) -> Proposal:
    """The picks that can be read; which of them may stand is for ``choose`` to say."""
    picks = numbered(answer.get("picks"), "moment", "reason", len(moments))
    return Proposal(tuple(Pick(moments[n - 1].window.id, reason) for n, reason in picks))
