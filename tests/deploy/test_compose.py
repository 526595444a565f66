"""Dockerfile and compose.yaml: what they name exists, and nothing is wider open than it must be."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from livereel.config.file import parse
from livereel.config.schema import Config
from tests.kit.mqtt.broker import Broker
from tests.kit.program.command_line import CommandLine
from tests.kit.program.documents import ROOT, configurations

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LIVEREEL = SERVICES["livereel"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
PORT = Config().web.port


def last(instruction: str) -> str:
    """The value of the last such instruction of the Dockerfile."""
    values: list[str] = re.findall(rf"^ *{instruction} +(.+)$", DOCKERFILE, re.MULTILINE)
    return values[-1].strip()


def mounts(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is mounted, and where."""
    for mount in service.get("volumes", []):
        source, target = mount.split(":")[:2]
        yield source, target


@pytest.fixture
def command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(monkeypatch, capsys)


def test_the_image_starts_only_with_a_token(tmp_path: Path, command_line: CommandLine) -> None:
    """Its command is one of livereel's, and serves all addresses of the container."""
    assert json.loads(last("ENTRYPOINT")) == ["livereel"]
    verb, config, *options = json.loads(last("CMD"))
    file = tmp_path / Path(config).name
    file.write_text('cameras: [{name: street, source: "synthetic://street"}]\n')
    failure = command_line.failure(verb, file, *options, code=2)
    assert "web.token is needed where other machines can connect" in failure


def test_the_image_has_no_rights_and_is_asked_for_its_health() -> None:
    assert last("USER") == "1000:1000"
    assert last("EXPOSE") == str(PORT)
    assert (
        f"http://127.0.0.1:{PORT}/healthz"
        in next(re.finditer(r"^HEALTHCHECK .*$", DOCKERFILE, re.MULTILINE))[0]
    )
    assert last("VOLUME") == last("WORKDIR")


def test_the_image_is_given_what_pip_reads_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    given = {line.removeprefix("!") for line in lines if line.startswith("!")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert "*" in lines
    assert given == {"pyproject.toml", "README.md", "LICENSE", *packages}


def test_compose_puts_configuration_and_data_where_the_image_has_them() -> None:
    targets = {target for _, target in mounts(LIVEREEL)}
    assert targets == {json.loads(last("CMD"))[1], last("VOLUME")}
    assert LIVEREEL["ports"] == [f"{PORT}:{PORT}"]
    assert LIVEREEL["read_only"]
    assert LIVEREEL["cap_drop"] == ["ALL"]


def test_compose_names_only_what_there_is() -> None:
    used = [source for service in SERVICES.values() for source, _ in mounts(service)]
    assert {source for source in used if "/" not in source} == set(COMPOSE["volumes"])
    files = {source.removeprefix("./") for source in used if source.startswith("./")}
    made_by_the_user = {"home.yaml"}
    assert all((ROOT / file).is_file() for file in files - made_by_the_user)
    assert set(LIVEREEL["depends_on"]) <= set(SERVICES)


def test_what_holds_passwords_is_kept_out_of_git() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert LIVEREEL["env_file"] in ignored


def test_the_documents_name_the_services_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration for containers in docs/install.md reaches the broker and the model."""
    for name in ("CAMERA_PASSWORD", "LIVEREEL_TOKEN"):
        monkeypatch.setenv(name, "x" * 32)
    blocks = [block for block in configurations() if block.document == "docs/install.md"]
    configs = [parse(Path(block.document), block.text) for block in blocks]
    hosts = {config.mqtt.host for config in configs}
    hosts |= {urlsplit(config.describe.base_url).hostname for config in configs if config.describe.base_url}
    assert hosts - {None} == {"mosquitto", "vllm"}
    assert hosts - {None} <= set(SERVICES)


def test_a_real_broker_takes_its_configuration(tmp_path: Path) -> None:
    it = Broker(tmp_path / "broker")
    ours = (ROOT / "deploy" / "compose" / "mosquitto.conf").read_text(encoding="utf-8")
    here = ours.replace("listener 1883", f"listener {it.port} 127.0.0.1")
    here = here.replace("/mosquitto/data/", f"{tmp_path / 'broker'}/")
    root = "user root\n" if os.geteuid() == 0 else ""
    (tmp_path / "broker" / "mosquitto.conf").write_text(here + root)
    it.start()
    try:
        socket.create_connection(("127.0.0.1", it.port), timeout=10.0).close()
        it.signal(signal.SIGTERM)
        assert (tmp_path / "broker" / "mosquitto.db").exists()
    finally:
        it.close()
