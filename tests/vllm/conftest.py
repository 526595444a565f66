"""One engine and one server for all tests: each takes half a minute to start."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from analyzer.describe.model.prompt import CameraBrief, Prompts
from analyzer.describe.settings import DescribeSettings, EngineSettings
from analyzer.describe.vllm.describer import VllmDescriber
from analyzer.describe.vllm.engine import Engine
from tests.kit.models.event_loop import Loop
from tests.kit.models.qwen import write_model

RULES = ("a dog barks", "the gate stands open")
_SERVER_UP_S = 300.0

os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GB
os.environ.setdefault("HF_HUB_OFFLINE", "1")


TINY = EngineSettings(
    max_model_len=4096,
    dtype="float32",
    load_format="dummy",
    options={"enforce_eager": True, "max_num_seqs": 8},
)
"""How a tiny model runs on a CPU."""


def tiny(model: Path) -> DescribeSettings:
    """A tiny model on a CPU."""
    return DescribeSettings(kind="vllm", model=str(model), timeout_s=120.0, vllm=TINY)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "qwen2-vl")


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    with Loop().running() as loop:
        yield loop


@pytest.fixture(scope="session")
def describer(model: Path, loop: Loop) -> Iterator[VllmDescriber]:
    prompts = Prompts({"ruled": CameraBrief(tell_me_when=RULES)})
    describer = VllmDescriber(tiny(model), prompts)
    loop.run(describer.start(), 600.0)
    yield describer
    loop.run(describer.close())


@pytest.fixture(scope="session")
def engine(model: Path, loop: Loop) -> Iterator[Engine]:
    """An engine in this process, for what its own process does not show."""

    async def load() -> Engine:
        return Engine(str(model), TINY)

    engine = loop.run(load(), 600.0)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def server(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server's URL, up to and with /v1."""
    structured = '{"backend": "xgrammar", "disable_any_whitespace": true}'
    options = ["--max-model-len", "4096", "--max-num-seqs", "8", "--structured-outputs-config", structured]
    with serving(model, tmp_path_factory.mktemp("server") / "log", "tiny", *options) as url:
        yield url


@contextmanager
def serving(model: Path, log: Path, name: str, *options: str) -> Iterator[str]:
    """Serve a model by vLLM's own server, under a name, and give its URL, up to and with /v1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model)]
    command += ["--load-format", "dummy", "--dtype", "float32", "--enforce-eager", *options]
    command += ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", name]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_for_server(port, process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(60)


def wait_for_server(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers; the test fails where it does not."""
    give_up_s = time.monotonic() + _SERVER_UP_S
    while time.monotonic() < give_up_s and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.5)
        finally:
            connection.close()
    pytest.fail(f"the server did not come up:\n{log.read_text(errors='replace')[-4000:]}")
