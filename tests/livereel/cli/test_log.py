"""The lines of the log, and that they hold no user name of a server."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.conftest import KOLKATA
from tests.kit.models.chat_server import ChatServer
from tests.kit.mqtt.sink_thread import looped, until
from tests.kit.program.command_line import LIVEREEL

# A run of its own: who sets the log up sets it up for the whole process.
_SAY = """
import logging, sys
from livereel.cli.log import LogFormat, LogLevel, start_log, write_failure
start_log(LogLevel(sys.argv[1]), LogFormat(sys.argv[2]), brief=sys.argv[3] == "brief")
logging.getLogger("stream.source").debug("a detail")
logging.getLogger("stream.source").info("ours")
logging.getLogger("httpx").info("theirs")
logging.getLogger("httpx").warning("http://me:ge@heim@gpu-box/v1 and rtsp://me@cam/a@b")
try:
    raise ValueError("http://me:geheim@gpu-box/v1")
except ValueError:
    logging.getLogger("livereel.app").exception("a fault")
write_failure("the end")
"""


def said(*arguments: str, stderr: int | IO[str] = subprocess.PIPE, **environment: str) -> list[str]:
    """What a program logs that is started so."""
    command = [sys.executable, "-c", _SAY, *arguments]
    env = {**os.environ, "TZ": KOLKATA, **environment}
    done = subprocess.run(command, stderr=stderr, text=True, check=True, env=env)
    return (done.stderr or "").splitlines()


def test_a_log_that_is_no_terminal_has_iso_times_with_their_zone_and_no_password() -> None:
    lines = said("info", "text", "long")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+05:30 INFO ours", lines[0])
    assert lines[1].endswith(" WARNING http://***@gpu-box/v1 and rtsp://***@cam/a@b")
    assert lines[2].endswith(" ERROR a fault")
    assert lines[-2] == "ValueError: http://***@gpu-box/v1"
    assert lines[-1] == "livereel: the end"
    assert not any(word in line for line in lines for word in ("theirs", "heim", "a detail"))


def test_on_a_terminal_a_record_has_the_time_of_day() -> None:
    ours, theirs = pty.openpty()
    with open(theirs, "w", closefd=True) as terminal:  # noqa: PTH123  # it is a descriptor
        said("info", "text", "long", stderr=terminal)
        first = os.read(ours, 4096).decode().splitlines()[0]
    os.close(ours)
    assert re.fullmatch(r"\d\d:\d\d:\d\d IST INFO ours", first)


def test_the_journal_gets_priorities_and_no_times(tmp_path: Path) -> None:
    log = tmp_path / "journal"
    with log.open("w") as file:
        status = os.fstat(file.fileno())
        said("debug", "text", "long", stderr=file, JOURNAL_STREAM=f"{status.st_dev}:{status.st_ino}")
    lines = log.read_text().splitlines()
    assert lines[:3] == ["<7>a detail", "<6>ours", "<4>http://***@gpu-box/v1 and rtsp://***@cam/a@b"]
    assert all(line.startswith("<3>") for line in lines[3:]), "each line of a traceback too"
    assert lines[-1] == "<3>the end"


def test_a_journal_that_is_not_stderr_is_no_journal(tmp_path: Path) -> None:
    with (tmp_path / "journal").open("w") as file:
        status = os.fstat(file.fileno())
        lines = said("info", "text", "long", JOURNAL_STREAM=f"{status.st_dev}:{status.st_ino}")
    assert lines[0].endswith("+05:30 INFO ours")


def test_json_lines_are_objects_with_utc_times() -> None:
    rows = [json.loads(line) for line in said("info", "json", "brief")]
    assert [(row["level"], row["logger"]) for row in rows] == [
        ("info", "stream.source"),
        ("warning", "httpx"),
        ("error", "livereel.app"),
        ("error", "livereel"),
    ]
    assert all(re.fullmatch(r"\d{4}-.*T.*\.\d{3}Z", row["time_utc"]) for row in rows)
    assert rows[1]["message"] == "http://***@gpu-box/v1 and rtsp://***@cam/a@b"
    assert "ValueError: http://***@gpu-box/v1" in rows[2]["message"]


@pytest.mark.parametrize(
    ("level", "first"),
    [("debug", "a detail"), ("info", "ours"), ("warning", "http://***"), ("error", "http://***")],
)
def test_the_level_is_of_our_own_records(level: str, first: str) -> None:
    """Of libraries, warnings are always shown."""
    assert first in said(level, "text", "long")[0]


def test_a_command_that_does_one_thing_logs_in_the_style_of_its_failures() -> None:
    lines = said("info", "text", "brief")
    assert lines[0] == "livereel: note: ours"
    assert lines[1].startswith("livereel: warning: http://***@")
    assert lines[2] == "livereel: error: a fault"


@looped
async def test_a_server_behind_a_password_is_asked_and_the_password_not_logged(tmp_path: Path) -> None:
    server = ChatServer()
    async with server.serving():
        url = server.url.replace("://", "://user:geheim@")
        (tmp_path / "config.yaml").write_text("window_s: 2\n")
        options: list[str | Path] = [
            "--loop",
            "--no-web",
            "--data",
            tmp_path / "data",
            "--describe",
            "openai",
            "--base-url",
            url,
            "--config",
            tmp_path / "config.yaml",
        ]
        log = tmp_path / "log"
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                LIVEREEL,
                "watch",
                "synthetic://street?seed=7&size=320x180",
                *options,
                stdout=file,
                stderr=file,
            )
        try:
            await until(lambda: server.asked or process.returncode is not None)
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()
    assert server.headers["authorization"].startswith("Basic "), "it was asked with the password"
    assert " INFO " in log.read_text()
    assert "geheim" not in log.read_text()
    assert "HTTP Request" not in log.read_text()
