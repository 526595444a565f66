"""The lines of the log, and that they hold no user name of a server."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

from tests.kit.models.chat_server import ChatServer
from tests.kit.mqtt.sink_thread import looped, until
from tests.kit.program.command_line import LIVEREEL

# A run of its own: who sets the log up sets it up for the whole process.
_SAY = """
import logging
from livereel.cli.log import log_to_stderr
log_to_stderr()
logging.getLogger("stream.source").info("ours")
logging.getLogger("httpx").info("theirs")
logging.getLogger("httpx").warning("http://me:ge@heim@gpu-box/v1 and rtsp://me@cam/a@b")
try:
    raise ValueError("http://me:geheim@gpu-box/v1")
except ValueError:
    logging.getLogger("livereel.app").exception("a fault")
"""


def test_warnings_of_libraries_are_logged_and_no_password_is() -> None:
    said = subprocess.run([sys.executable, "-c", _SAY], capture_output=True, text=True, check=True).stderr
    assert " INFO ours\n" in said
    assert "theirs" not in said
    assert " WARNING http://***@gpu-box/v1 and rtsp://***@" in said
    assert "ValueError: http://***@gpu-box/v1" in said
    assert "heim" not in said


@looped
async def test_a_server_behind_a_password_is_asked_and_the_password_not_logged(tmp_path: Path) -> None:
    server = ChatServer()
    async with server.serving():
        url = server.url.replace("://", "://somebody:geheim@")
        options: list[str | Path] = [
            "--loop",
            "--data",
            tmp_path / "data",
            "--describe",
            "openai",
            "--base-url",
            url,
        ]
        log = tmp_path / "log"
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                LIVEREEL, "watch", "synthetic://street?seed=7", *options, stdout=file, stderr=file
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
