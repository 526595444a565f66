from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import jsonschema
import pytest

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.text_model import SELECTING
from analyzer.reel.choose import Pick, Proposal, choose
from analyzer.reel.selector import ModelSelector
from analyzer.reel.settings import ReelSettings
from tests.kit.models.text_model import ScriptedModel
from tests.kit.records.moments import moment

RULES = ReelSettings(min_chapters=2, max_chapters=3)
MOMENTS = tuple(moment(n, importance=n, title=f"Event number {n}") for n in range(8))


def picks(*numbers: int) -> dict[str, object]:
    return {"picks": [{"moment": n, "reason": f"Reason {n}."} for n in numbers]}


def test_numbers_become_the_windows_they_were_given_for() -> None:
    model = ScriptedModel(picks(2, 5, 8))
    proposal = asyncio.run(ModelSelector(model, RULES).propose(MOMENTS))
    wanted = [Pick(MOMENTS[n - 1].window.id, f"Reason {n}.") for n in (2, 5, 8)]
    assert proposal == Proposal(tuple(wanted))


def test_each_moment_is_listed_with_number_time_camera_and_text() -> None:
    moments = (*MOMENTS[:7], replace(MOMENTS[7], alerts=("the gate stands open",)))
    model = ScriptedModel(picks(1))
    asyncio.run(ModelSelector(model, RULES, language="German").propose(moments))
    ((system, user, schema, sampling),) = model.asked
    lines = user.splitlines()
    assert len(lines) == 8
    assert lines[2].startswith("3. 14:00:20, front, importance 2: Event number 2. A mover crosses")
    assert lines[7].endswith("Alert: the gate stands open.")
    assert "Choose 2 to 3 moments." in system
    assert "in German" in system
    assert sampling == SELECTING
    jsonschema.validate(picks(1, 8), schema)
    for wrong in (picks(1), picks(1, 9), picks(0, 1), picks(1, 2, 3, 4)):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_what_counts_in_a_reel_is_said_where_it_is_known() -> None:
    model = ScriptedModel(picks(1), picks(1))
    asyncio.run(ModelSelector(model, RULES, guide="Goals count, corners do not.\n").propose(MOMENTS))
    asyncio.run(ModelSelector(model, RULES).propose(MOMENTS))
    guided, plain = (system for system, *_ in model.asked)
    assert guided == f"{plain}\nWhat counts in this reel:\nGoals count, corners do not."


@pytest.mark.parametrize(
    "answer",
    [{}, {"picks": None}, {"picks": [{"moment": 99, "reason": "x"}, {"moment": 1, "reason": ""}, 3]}],
)
def test_an_answer_without_a_usable_pick_leaves_the_choice_to_the_ranking(answer: dict[str, object]) -> None:
    proposal = asyncio.run(ModelSelector(ScriptedModel(answer), RULES).propose(MOMENTS))
    assert proposal == Proposal(())
    chosen = choose(MOMENTS, RULES, proposal)
    assert 2 <= len(chosen.choices) <= 3
    assert any("Nothing usable was proposed" in line for line in chosen.changed)


def test_a_model_that_fails_proposes_nothing_and_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    model = ScriptedModel(DescribeError("the server is gone", retryable=True))
    with caplog.at_level(logging.WARNING):
        assert asyncio.run(ModelSelector(model, RULES).propose(MOMENTS)) is None
    assert "the server is gone" in caplog.text


def test_nothing_is_asked_when_all_are_shown_anyway() -> None:
    model = ScriptedModel()
    assert asyncio.run(ModelSelector(model, RULES).propose(MOMENTS[:2])) is None
    assert not model.asked
