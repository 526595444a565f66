"""``livereel reel``: a reel now, in a folder of its own or as the next of its name."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from livereel.storage.data_dir import lock_data_dir
from tests.kit.program.command_line import CommandLine
from tests.kit.store.buckets import Bucket

ONE_CHAPTER = {"cameras": ["front"], "min_chapters": 1, "max_chapters": 1}
REELS = [
    {"name": "day", "at": "20:00", "timezone": "Europe/Berlin", **ONE_CHAPTER},
    {"name": "old", "every_s": 60},
]


@pytest.fixture
def data(watched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(watched, tmp_path / "data"))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps({"reels": REELS, "mqtt": {"host": "127.0.0.1"}}))  # which is YAML, too
    return file


def test_a_named_reel_is_the_next_of_its_name_and_waits_for_the_broker(
    livereel: CommandLine, data: Path, config: Path
) -> None:
    for seq in ("000001", "000002"):
        ended = livereel("reel", "--name", "day", "--config", config, "--data", data)
        assert ended.code == 0, ended.err
        assert str(data / "reels" / "day" / seq) in ended.out
    assert (data / "reels" / "day" / "latest").readlink() == Path("000002")
    manifest = json.loads((data / "reels" / "day" / "000002" / "reel.json").read_text())
    assert (manifest["id"], len(manifest["chapters"])) == ("day", 1)
    rows = livereel("ledger", "--data", data, "--json").out.splitlines()
    assert sum('"kind": "reel"' in row for row in rows) == 2


def test_a_named_reel_may_go_elsewhere_while_the_folder_is_in_use(
    livereel: CommandLine, data: Path, config: Path, tmp_path: Path
) -> None:
    asked = ("reel", "--name", "day", "--config", config, "--data", data)
    with lock_data_dir(data):
        assert livereel(*asked, "--out", tmp_path / "own").code == 0
        failure = livereel.failure(*asked)
    manifest = json.loads((tmp_path / "own" / "reel.json").read_text())
    assert len(manifest["chapters"]) == 1
    assert failure == (
        f"{data}: another livereel is watching with this folder: make the reel on its page, or give --out DIR"
    )
    assert not (data / "reels" / "day").exists()


def test_a_reel_may_go_to_an_object_store(livereel: CommandLine, data: Path, bucket: Bucket) -> None:
    out = bucket.address("reels/evening")
    ended = livereel("reel", "--data", data, "--out", out)
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[1].endswith(f"{out}/reel.mp4")
    manifest = json.loads(bucket.get("reels/evening/reel.json"))
    assert manifest["id"] == "evening"
    assert manifest["sha256"] == hashlib.sha256(bucket.get("reels/evening/reel.mp4")).hexdigest()
    said = livereel.failure("reel", "--data", data, "--out", out)
    assert said == f"{out}: there is a reel already; name a folder that is not there yet"


def test_a_reel_needs_a_place_and_a_name_that_there_is(
    livereel: CommandLine, data: Path, config: Path
) -> None:
    asked = ("reel", "--config", config, "--data", data)
    assert livereel.failure(*asked, code=2) == ("--out DIR is needed, or --name NAME, or --explain")
    assert livereel.failure(*asked, "--name", "week", code=2) == (
        "--name week: no such reel; there are day, old"
    )


def test_the_explanation_of_a_time_without_a_moment_says_so(livereel: CommandLine, data: Path) -> None:
    ended = livereel("reel", "--explain", "--since", "1s", "--data", data)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "livereel: note: there is no moment from that time\n"


def test_a_reel_of_a_time_in_which_nothing_happened_is_a_failure(
    livereel: CommandLine, data: Path, config: Path
) -> None:
    failure = livereel.failure(
        "reel", "--name", "day", "--config", config, "--data", data, "--since", "0s", "--utc"
    )
    assert failure.startswith("nothing to show since 20")
