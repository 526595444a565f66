"""docs/mqtt.md is true: each topic in its tables is published or obeyed as it says, and no other is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from analyzer.reel.preference.feedback import Verdict
from analyzer.reel.records import GapReason
from analyzer.signal.sound.record import Speech
from analyzer.signal.window import Outcome
from livereel.ledger.records import PENDING
from sinks.events import CameraStatus, DescriberState, DescriberStatus, Stats
from sinks.mqtt.messages import CHECK
from sinks.mqtt.settings import MqttSettings
from tests.kit.mqtt.broker import MOSQUITTO, broker
from tests.kit.mqtt.ha_schema import check_discovery
from tests.kit.mqtt.sink_thread import RecordedCommands, looped, running, until
from tests.kit.mqtt.subscriber import Listener, Received, listener
from tests.kit.records.events import (
    JPEG,
    keyframe_preview,
    moment_now,
    motion_changed,
    now_utc,
    reel_in,
    watching,
)
from tests.kit.records.moments import heard

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "mqtt.md").read_text()
CAMERAS, REELS = ("front", "yard"), ("front", "yard", "all", "day")


@dataclass(frozen=True)
class Row:
    """A row of a table: a topic and its description."""

    topic: str
    payload: str
    retained: str = ""
    qos: str = ""
    outbox: str = ""

    @property
    def pattern(self) -> re.Pattern[str]:
        names = {"{camera}": "|".join(CAMERAS), "{reel}": "|".join(REELS), "{name}": "|".join(REELS)}
        parts = re.split(r"(\{\w+\})", self.topic)
        return re.compile("".join(f"({names[part]})" if part in names else re.escape(part) for part in parts))

    @property
    def schema(self) -> str | None:
        found = re.search(r"\[schema\]\(schemas/([a-z-]+)\.json\)", self.payload)
        return found[1] if found else None

    @property
    def values(self) -> list[str]:
        """The payloads that may come, where they are listed."""
        return re.findall(r"`(\w+)`", self.payload.partition(";")[0].partition(":")[0])


def rows(heading: str) -> list[Row]:
    """The table under a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| `([^`]+)` \|(.*)\|$", section, re.MULTILINE)
    cells = ([topic, *(cell.strip() for cell in rest.split("|"))] for topic, rest in found)
    return [Row(*row[: len(fields(Row))]) for row in cells]


FEEDBACK = {
    "": [],
    "feedback": [json.dumps({"id": "front-0-00001", "verdict": it}) for it in ("keep", None, "dull")],
}
PUBLISHED, COMMANDS = rows("What is published"), rows("Commands")


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((DOCS / "schemas" / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture(scope="module")
def all_received(tmp_path_factory: pytest.TempPathFactory) -> list[Received]:
    """What a run published in which everything happened that can happen."""
    base = tmp_path_factory.mktemp("data")

    @looped
    async def run(port: int, others: Listener) -> None:
        settings = MqttSettings("127.0.0.1", port, motion_off_delay_s=0.01)
        async with running(settings, base, cameras=CAMERAS, reels=REELS) as sink:
            await until(lambda: others.last("livereel/available") == b"online")
            for camera in CAMERAS:
                await sink.take(watching(camera))
                await sink.take(motion_changed(camera, moving=True))
                await sink.take(keyframe_preview(camera))
                await sink.take(motion_changed(camera, moving=False))
                await sink.take(heard(moment_now(1, camera), Speech(12.0, 13.5, "Open the gate.")))
                await sink.take(replace(moment_now(2, camera), alerts=("a dog",)))
            for reel in REELS:
                await sink.take(reel_in(base, reel, 1))
                await sink.take(reel_in(base, reel, 2, video=b"another video"))
            await sink.take(DescriberState(DescriberStatus.OFFLINE, "model down", now_utc()))
            await sink.take(replace(watching("yard"), state=CameraStatus.DISABLED))
            await sink.take(Stats(now_utc(), {"windows": 3.0}, {"front": {"fps": 25.0}}))
            await until(lambda: others.on("livereel/stats"))
            await until(lambda: len(others.on("livereel/reels")) == 2 * len(REELS))
            await until(lambda: others.last("livereel/front/motion") == b"OFF")
        await until(lambda: others.last("livereel/available") == b"offline")

    with (
        broker(base / "broker") as peer,
        listener(peer.port, "livereel/#", "homeassistant/#", as_published=True) as others,
    ):
        run(peer.port, others)
        return others.received


def described(message: Received) -> Row:
    found = [row for row in PUBLISHED if row.pattern.fullmatch(message.topic)]
    assert len(found) == 1, f"{message.topic}: {len(found)} rows"
    return found[0]


def test_everything_published_is_documented_and_the_other_way_round(all_received: list[Received]) -> None:
    published = {described(message).topic for message in all_received}
    assert published == {row.topic for row in PUBLISHED}


def test_qos_and_retain_are_as_documented(all_received: list[Received]) -> None:
    for message in all_received:
        row = described(message)
        assert (message.qos, message.retain) == (int(row.qos), row.retained == "yes"), message.topic
    assert {row.topic for row in PUBLISHED if row.outbox} == {"livereel/captions", "livereel/reels"}


def test_every_payload_is_as_documented(all_received: list[Received]) -> None:
    checked = set()
    for message in all_received:
        row = described(message)
        if row.schema:
            validator(row.schema).validate(message.json())
            checked.add(row.schema)
        elif row.values:
            assert message.payload.decode() in row.values, message.topic
        elif row.topic.endswith("/keyframe"):
            assert message.payload == JPEG
        else:
            check_discovery(message.topic, message.json())
    commands = {row.schema for row in COMMANDS if row.schema}
    assert checked | commands == {file.stem for file in (DOCS / "schemas").glob("*.json")}


def test_the_documented_values_are_all_used(all_received: list[Received]) -> None:
    for row in PUBLISHED:
        said = {m.payload.decode() for m in all_received if row.values and row.pattern.fullmatch(m.topic)}
        assert said == set(row.values), row.topic


def test_both_kinds_of_reel_and_all_kinds_of_highlight_were_among_them(all_received: list[Received]) -> None:
    told = [message.json() for message in all_received if message.topic == "livereel/reels"]
    assert {body["type"] for body in told} == {"new", "update"}
    told = [message.json() for message in all_received if message.topic == "livereel/front/highlight"]
    assert {body["event_type"] for body in told} == {"highlight", "alert", "reel_ready"}


def _without(schema: dict[str, Any], body: dict[str, Any], key: str) -> bool:
    return bool(Draft202012Validator(schema).is_valid({k: v for k, v in body.items() if k != key}))


def test_the_topics_of_a_check_are_those_that_the_page_names() -> None:
    assert f"`livereel/{CHECK}/enabled/set`" in (DOCS / "mqtt.md").read_text()


def test_the_reasons_of_gaps_are_those_that_there_are() -> None:
    reel = json.loads((DOCS / "schemas" / "reel.json").read_text())
    gap = reel["properties"]["after"]["properties"]["gaps"]["items"]
    assert gap["properties"]["reason"]["enum"] == [str(reason) for reason in GapReason]
    sentence = (DOCS / "mqtt.md").read_text().partition("`gaps` have a `reason`: ")[2].partition(".")[0]
    assert re.findall(r"`(\w+)`", sentence) == [str(reason) for reason in GapReason]


def test_the_schemas_refuse_what_lacks_a_member_or_has_one_too_many(all_received: list[Received]) -> None:
    for message in all_received:
        if name := described(message).schema:
            schema, body = dict(validator(name).schema), message.json()
            assert not Draft202012Validator(schema).is_valid(body | {"surprise": 1})
            assert not any(_without(schema, body, key) for key in body)


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.topic)
def test_every_documented_command_is_obeyed(row: Row, tmp_path: Path) -> None:
    wishes = RecordedCommands()
    told = moment_now(1)
    payloads = [*row.values, *FEEDBACK[row.schema or ""]]
    topic = row.topic.replace("{camera}", "front").replace("{reel}", "all")

    @looped
    async def run(port: int, others: Listener) -> None:
        settings = MqttSettings("127.0.0.1", port)
        async with running(settings, tmp_path, cameras=CAMERAS, reels=REELS, wishes=wishes) as sink:
            await until(lambda: others.last("livereel/available") == b"online")
            sink.ledger.windows.add(told.window, PENDING)
            sink.ledger.windows.end(told.window.id, Outcome.DESCRIBED, told)
            for payload in payloads:
                others.say(topic, payload)
            if row.schema:
                await until(lambda: [it.verdict for it in sink.ledger.feedback.judged()] == [Verdict.DULL])
            elif topic == "homeassistant/status":
                await until(lambda: len(others.on("livereel/front/status/capture")) == 2)
            else:
                await until(lambda: len(wishes.noted) == len(row.values))
            assert sink.counters()["commands_ignored"] == 0

    with broker(tmp_path / "broker") as peer, listener(peer.port) as others:
        run(peer.port, others)
    assert payloads
    assert all(validator(row.schema).is_valid(json.loads(it)) for it in payloads if row.schema)


def test_the_documented_commands_are_all_that_is_listened_to() -> None:
    assert [row.topic for row in COMMANDS] == [
        "livereel/{camera}/enabled/set",
        "livereel/{reel}/reel/make",
        "livereel/{camera}/feedback/set",
        "homeassistant/status",
    ]
