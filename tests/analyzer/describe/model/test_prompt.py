from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.describe.model.profiles import PROFILES
from analyzer.describe.model.prompt import CameraBrief, Prompts
from tests.kit.records.keyframe_files import pictured

BRIEFED = CameraBrief(
    profile="wildlife",
    normal="two goats in\nthe pen",
    tell_me_when=("a fox is near the pen", "the gate stands open"),
    language="German",
)


def test_the_prompt_has_the_true_times_within_the_window(tmp_path: Path) -> None:
    window = pictured(tmp_path, index=7, times_s=(0.4, 2.0, 9.96))
    question = Prompts().question(window)
    assert "3 pictures were taken 0.4, 2.0 and 10.0 s into these 10 seconds" in question.user


def test_a_single_picture_is_described_as_one(tmp_path: Path) -> None:
    question = Prompts().question(pictured(tmp_path, times_s=(3.0,)))
    assert "The picture was taken 3.0 s into these 10 seconds" in question.user


def test_the_prompt_has_the_length_of_a_short_last_window(tmp_path: Path) -> None:
    window = pictured(tmp_path, times_s=(1.0, 2.0))
    assert "these 4 seconds" in Prompts().question(replace(window, end_s=window.start_s + 4.2)).user


@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_anchors_importance_and_names_every_key(profile: str, tmp_path: Path) -> None:
    system = Prompts(default=CameraBrief(profile=profile)).question(pictured(tmp_path)).system
    for anchor in ("0 ", "2 ", "4 ", "6 ", "8 ", "10 "):
        assert anchor in PROFILES[profile].partition("Importance: ")[2]
    for key in ("text:", "title:", "importance:", "tags:"):
        assert f"\n{key}" in system
    assert len(system) < 3000


def test_a_camera_has_its_own_brief_and_others_the_default(tmp_path: Path) -> None:
    prompts = Prompts({"pen": BRIEFED})
    pen = prompts.question(pictured(tmp_path, camera="pen"))
    other = prompts.question(pictured(tmp_path, camera="street"))
    assert PROFILES["wildlife"] in pen.system
    assert "two goats in the pen" in pen.system
    assert "rule_1: a fox is near the pen\nrule_2: the gate stands open" in pen.system
    assert "Write text and title in German" in pen.system
    assert pen.rules == BRIEFED.tell_me_when
    assert list(pen.schema["properties"]["alerts"]["properties"]) == ["rule_1", "rule_2"]
    assert PROFILES["surveillance"] in other.system
    assert "rule_1" not in other.system
    assert "Write text" not in other.system
    assert "alerts" not in other.schema["properties"]


def test_cameras_of_a_profile_share_the_start_of_their_prompts(tmp_path: Path) -> None:
    """The server computes it once for all of them."""
    prompts = Prompts({"a": replace(BRIEFED, normal="a tree"), "b": CameraBrief(profile="wildlife")})
    a, b = (prompts.question(pictured(tmp_path, camera=name)).system for name in "ab")
    assert a.startswith(b)


def test_own_profiles_are_known_and_may_replace_built_in_ones(tmp_path: Path) -> None:
    own = {"bakery": "This is a bakery.", "movie": "This is a cartoon."}
    bakery = Prompts({"oven": CameraBrief(profile="bakery")}, CameraBrief(profile="movie"), own)
    assert "This is a bakery." in bakery.question(pictured(tmp_path, camera="oven")).system
    assert "This is a cartoon." in bakery.question(pictured(tmp_path)).system


def test_a_profile_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="no profile 'zoo': there are meeting, movie, sports"):
        Prompts({"front": CameraBrief(profile="zoo")})
