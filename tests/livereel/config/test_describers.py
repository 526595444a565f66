"""The configuration selects the describer; what cannot work is an error before anything is watched."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.describe.settings import DescribeSettings
from analyzer.reel.settings import ReelSettings
from analyzer.transcribe.speech_audio import SpeechAudio
from livereel.camera.settings import CameraSettings
from livereel.config.describers import make_language_models, make_transcriber
from livereel.config.file import parse
from livereel.config.schema import Config, ConfigError
from livereel.reels.settings import NamedReel
from tests.kit.models.chat_server import ChatServer
from tests.kit.models.speech_server import SpeechServer, says
from tests.kit.records.moments import moment


def config(**describe: object) -> Config:
    return replace(Config(), describe=replace(DescribeSettings(), **describe))  # type: ignore[arg-type]  # test values


def test_the_default_describer_is_built_in() -> None:
    words = make_language_models(Config(), ())
    assert words.describer.model == "builtin"
    assert words.probe is None


def test_a_server_is_asked_where_the_configuration_names_one() -> None:
    words = make_language_models(config(kind="openai", base_url="http://127.0.0.1:9/v1", model="m"), ())
    assert isinstance(words.describer, OpenAiDescriber)
    assert words.describer.model == "m"
    assert words.probe is not None


def test_a_profile_that_is_not_there_is_a_mistake_in_the_configuration() -> None:
    camera = CameraSettings("front", "synthetic://street", profile="opera")
    with pytest.raises(ConfigError, match="opera"):
        make_language_models(config(kind="openai", base_url="http://127.0.0.1:9/v1", model="m"), [camera])


def test_an_own_profile_may_be_used() -> None:
    camera = CameraSettings("front", "synthetic://street", profile="opera")
    own = {"opera": "Look for singers."}
    make_language_models(
        config(kind="openai", base_url="http://127.0.0.1:9/v1", model="m", profiles=own), [camera]
    )


def test_a_reels_own_profile_is_what_its_chapters_are_chosen_by() -> None:
    server = ChatServer(says=[{"picks": []}])
    rules, moments = ReelSettings(min_chapters=1, max_chapters=1), tuple(moment(n) for n in range(3))

    async def ask() -> None:
        async with server.serving():
            models = make_language_models(
                config(kind="openai", base_url=server.url, profiles={"opera": "Look for singers."}), ()
            )
            for profile in ("opera", None):
                await models.proposing(rules, profile)(moments)
            await models.describer.close()

    asyncio.run(ask())
    guided, unguided = (body["messages"][0]["content"] for body in server.asked)
    assert guided.endswith("What counts in this reel:\nLook for singers.")
    assert "What counts in this reel" not in unguided


@pytest.mark.parametrize(("kind", "at_once"), [("vllm", 128), ("openai", 32)])
def test_as_much_is_asked_at_once_as_suits_the_kind(kind: str, at_once: int) -> None:
    assert config(kind=kind).describe.at_once == at_once
    assert config(kind=kind, max_in_flight=7).describe.at_once == 7


def test_what_only_a_model_would_heed_is_named_where_there_is_none(caplog: pytest.LogCaptureFixture) -> None:
    camera = CameraSettings("front", "synthetic://street", normal="parked cars", tell_me_when=("it rains",))
    of_reel = (NamedReel("day"), NamedReel("match", profile="sports"))
    make_language_models(
        replace(Config(), describe=DescribeSettings(profile="sports"), reels=of_reel), [camera]
    )
    assert caplog.messages == [
        f"{option}: has no effect without a model (describe.kind is builtin)"
        for option in ("cameras[0].normal", "cameras[0].tell_me_when", "reels[1].profile")
    ]
    caplog.clear()
    make_language_models(Config(), [CameraSettings("front", "synthetic://street")])
    with_model = config(kind="openai", base_url="http://127.0.0.1:9/v1", model="m", profile="sports")
    make_language_models(with_model, [camera])
    assert not caplog.messages


def test_the_language_of_the_speech_is_sent_as_it_is_configured() -> None:
    async def run() -> None:
        async with SpeechServer(says({"text": "god dag"})).serving() as server:
            text = f'transcribe: {{kind: openai, base_url: "{server.url}", language: "no"}}'
            transcriber = make_transcriber(parse(Path("c.yaml"), text).transcribe)
            assert transcriber is not None
            speech = SpeechAudio(np.zeros(16_000, np.float32), ((0.0, 1.0),))
            assert await transcriber.transcribe(speech) == ("god dag",)
            await transcriber.close()
            assert [asked.fields["language"] for asked in server.asked] == ["no"]

    asyncio.run(run())
