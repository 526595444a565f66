"""The configuration selects the describer; what cannot work is an error before anything is watched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.reel.choose import ChooseRules
from livereel.config.describers import make_language_models, queue_settings
from livereel.config.schema import CameraConfig, Config, ConfigError, DescribeConfig

RULES = ChooseRules()


def config(**describe: object) -> Config:
    return replace(Config(), describe=replace(DescribeConfig(), **describe))  # type: ignore[arg-type]  # test values


def test_the_default_describer_is_built_in() -> None:
    words = make_language_models(Config(), (), RULES)
    assert words.describer.model == "builtin"
    assert words.probe is None


def test_a_server_is_asked_where_the_configuration_names_one() -> None:
    words = make_language_models(
        config(kind="openai", base_url="http://127.0.0.1:9/v1", model="m"), (), RULES
    )
    assert isinstance(words.describer, OpenAiDescriber)
    assert words.describer.model == "m"
    assert words.probe is not None


def test_a_profile_that_is_not_there_is_a_mistake_in_the_configuration() -> None:
    camera = CameraConfig("front", "synthetic://street", profile="opera")
    with pytest.raises(ConfigError, match="opera"):
        make_language_models(
            config(kind="openai", base_url="http://127.0.0.1:9/v1", model="m"), [camera], RULES
        )


def test_an_own_profile_may_be_used() -> None:
    camera = CameraConfig("front", "synthetic://street", profile="opera")
    own = {"opera": "Look for singers."}
    make_language_models(
        config(kind="openai", base_url="http://127.0.0.1:9/v1", model="m", profiles=own), [camera], RULES
    )


def test_the_queue_takes_its_limits_from_the_configuration() -> None:
    settings = queue_settings(replace(DescribeConfig(), max_in_flight=3, tokens_per_hour=1000.0))
    assert settings.max_in_flight == 3
    assert settings.tokens_per_hour == 1000.0


@pytest.mark.parametrize(("kind", "at_once"), [("vllm", 128), ("openai", 32)])
def test_as_much_is_asked_at_once_as_suits_the_kind(kind: str, at_once: int) -> None:
    assert queue_settings(config(kind=kind).describe).max_in_flight == at_once
    assert queue_settings(config(kind=kind, max_in_flight=7).describe).max_in_flight == 7
