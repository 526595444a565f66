"""Options with which no broker could work: each is named, by the configuration and by the sink."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from livereel.config.file import load
from livereel.config.schema import ConfigError
from livereel.ledger.ledger import Ledger
from sinks.mqtt.settings import MqttSettings, problems
from sinks.mqtt.sink import MqttSink
from sinks.sink import SinkError
from tests.kit.mqtt.sink_thread import VERSION, RecordedCommands, open_outbox

NO_TOPICS = {
    "": "is empty",
    "prefix/": "begins or ends with /",
    "/prefix": "begins or ends with /",
    "a//b": "has // in it",
    "/": "begins or ends with /",
    "prefix/#": "are wildcards",
    "#": "are wildcards",
    "+": "are wildcards",
    "pre+fix": "are wildcards",
    "$SYS/prefix": "is the broker's own",
    "$share/group": "is the broker's own",
    " prefix": "white space",
    "prefix\n": "white space",
    "pre\0fix": "control character",
    "pre\tfix": "control character",
    "x" * 501: "more than 500 characters",
}
TOPICS = ("livereel", "a/b/c", "Wohnung 3/Küche", "x" * 500)

OTHERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a client id of two lines": ({"client_id": "a\nb"}, "client_id", "control character"),
    "a client id with a blank behind it": ({"client_id": "a "}, "client_id", "white space"),
    "a user with a line break": ({"user": "me\n"}, "user", "white space"),
    "a password with a line break": ({"user": "me", "password": "secret\n"}, "password", "line break"),
    "a password alone": ({"host": "broker", "password": "secret"}, "password", "without user"),
    "two passwords": ({"host": "me:secret@broker", "password": "other"}, "password", "differs"),
    "two users": ({"host": "me@broker", "user": "you"}, "user", "differs"),
    "two ports": ({"host": "broker:1884", "port": 1883}, "host", "names port 1884"),
    "a scheme of the web": ({"host": "http://me:secret@broker"}, "host", "cannot begin with http://"),
    "a key alone": ({"tls_client_key": "key.pem"}, "tls_client_key", "without tls_client_cert"),
}


def refusal(call: Callable[[], object], error: type[Exception]) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def loaded(tmp_path: Path, options: dict[str, Any]) -> MqttSettings:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({"mqtt": options}, width=10_000))
    return load(file).mqtt


@pytest.mark.parametrize("key", ["topic_prefix", "discovery_prefix"])
@pytest.mark.parametrize(("topic", "said"), NO_TOPICS.items())
def test_what_cannot_begin_a_topic_is_refused_by_its_key(
    tmp_path: Path, key: str, topic: str, said: str
) -> None:
    told = refusal(lambda: loaded(tmp_path, {key: topic}), ConfigError)
    assert told.startswith(f"{tmp_path / 'config.yaml'}:2: mqtt.{key}: ")
    assert said in told
    assert "\n" not in told
    settings = replace(MqttSettings("broker"), **{key: topic})  # type: ignore[arg-type]  # both are texts
    with closing(Ledger(tmp_path)) as ledger:
        outbox = open_outbox(ledger, settings)
        told = refusal(
            lambda: MqttSink(
                settings,
                ("front",),
                (),
                outbox,
                RecordedCommands(),
                feedback=ledger.feedback,
                base=tmp_path,
                version=VERSION,
            ),
            SinkError,
        )
    assert told.startswith(f"mqtt: {key}: ")
    assert said in told


@pytest.mark.parametrize("key", ["topic_prefix", "discovery_prefix"])
@pytest.mark.parametrize("topic", TOPICS)
def test_what_can_begin_a_topic_is_taken(tmp_path: Path, key: str, topic: str) -> None:
    assert getattr(loaded(tmp_path, {key: topic}), key) == topic


@pytest.mark.parametrize(("options", "key", "said"), OTHERS.values(), ids=OTHERS.keys())
def test_what_no_broker_could_work_with_is_refused_by_its_key_without_a_secret(
    tmp_path: Path, options: dict[str, Any], key: str, said: str
) -> None:
    told = refusal(lambda: loaded(tmp_path, options), ConfigError)
    assert f": mqtt.{key}: " in told
    assert said in told
    assert "secret" not in told


def test_the_defaults_have_no_problem() -> None:
    assert not list(problems(MqttSettings()))
    assert not list(problems(MqttSettings("mqtts://me:secret@broker", discovery_prefix=None)))
