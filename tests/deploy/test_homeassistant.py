"""The app for Home Assistant: its manifest, its first configuration, and how it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import livereel
from livereel.config.file import load
from tests.kit.program.documents import ROOT

APP = ROOT / "deploy" / "homeassistant"
TOKEN = "a-token-of-sixteen-or-more"  # noqa: S105  # opens nothing

TEXT = {"type": "string"}
TYPE = {
    "type": "string",
    "pattern": r"^(bool|str|int|float|email|url|password|port|match\(.*\)|list\(.+\))\??$",
}
# Home Assistant's description of an app's configuration (developers.home-assistant.io, Apps, Configuration):
# those of its keys that may be needed here. Any other is a mistake, which Home Assistant would pass over.
MANIFEST: dict[str, Any] = {
    "type": "object",
    "required": ["name", "version", "slug", "description", "arch"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "version": TEXT,
        "slug": {"type": "string", "pattern": "^[-_.A-Za-z0-9]+$"},
        "description": TEXT,
        "arch": {"type": "array", "minItems": 1, "items": {"enum": ["aarch64", "amd64"]}},
        "url": {"type": "string", "format": "uri"},
        "stage": {"enum": ["stable", "experimental", "deprecated"]},
        "startup": {"enum": ["initialize", "system", "services", "application", "once"]},
        "boot": {"enum": ["auto", "manual", "manual_only"]},
        "ingress": {"type": "boolean"},
        "ingress_port": {"type": "integer", "minimum": 0, "maximum": 65535},
        "ingress_stream": {"type": "boolean"},
        "panel_icon": {"type": "string", "pattern": "^mdi:"},
        "panel_title": TEXT,
        "panel_admin": {"type": "boolean"},
        "watchdog": {"type": "string", "pattern": r"^(https?|tcp)://\[HOST\]:\[PORT:\d+\]"},
        "timeout": {"type": "integer", "minimum": 10, "maximum": 300},
        "services": {"type": "array", "items": {"pattern": "^(mqtt|mysql):(provide|want|need)$"}},
        "map": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type"],
                "additionalProperties": False,
                "properties": {
                    "type": {
                        "enum": [
                            "homeassistant_config", "app_config", "all_app_configs", "local_apps", "ssl",
                            "backup", "share", "media", "data",
                        ]
                    },
                    "read_only": {"type": "boolean"},
                    "path": TEXT,
                },
            },
        },
        "backup": {"enum": ["hot", "cold"]},
        "backup_exclude": {"type": "array", "items": TEXT},
        "options": {"type": "object"},
        "schema": {
            "type": "object",
            "additionalProperties": {
                "anyOf": [
                    TYPE,
                    {
                        "type": "array",
                        "maxItems": 1,
                        "items": {"anyOf": [TYPE, {"type": "object", "additionalProperties": TYPE}]},
                    },
                ]
            },
        },
    },
}  # fmt: skip


def read(name: str) -> Any:
    return yaml.safe_load((APP / name).read_text(encoding="utf-8"))


def test_the_manifest_follows_its_documentation() -> None:
    manifest = read("config.yaml")
    jsonschema.Draft202012Validator(MANIFEST).validate(manifest)
    assert manifest["version"] == livereel.__version__
    assert set(manifest["options"]) == set(manifest["schema"])


def test_every_option_has_its_words() -> None:
    assert set(read("translations/en.yaml")["configuration"]) == set(read("config.yaml")["schema"])


def test_the_first_configuration_serves_home_assistants_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEREEL_TOKEN", TOKEN)
    config = load(APP / "start.yaml")
    manifest = read("config.yaml")
    assert config.cameras
    assert not config.web.is_local
    assert config.web.token == TOKEN
    assert config.web.port == manifest["ingress_port"]
    assert config.web.ingress_from == ("172.30.32.2",)
    assert config.data.name in manifest["backup_exclude"]


def test_the_broker_needs_no_more_than_the_comments_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = (APP / "start.yaml").read_text(encoding="utf-8")
    before, _, section = start.partition("# mqtt:\n")
    file = tmp_path / "livereel.yaml"
    file.write_text(f"{before}mqtt:\n{section.replace('#   ', '  ')}", encoding="utf-8")
    known = {"MQTT_HOST": "mqtt://core-mosquitto:1883", "MQTT_USER": "app", "MQTT_PASSWORD": "secret"}
    for name, value in {**known, "LIVEREEL_TOKEN": TOKEN}.items():
        monkeypatch.setenv(name, value)
    mqtt = load(file).mqtt
    assert (mqtt.host, mqtt.user, mqtt.password) == tuple(known.values())


# How it starts


@dataclass
class Supervisor:
    """The part of the Supervisor's API that names the broker; without one it answers 400, as the real one."""

    broker: dict[str, Any] | None
    bearers: list[str | None] = field(default_factory=list)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve on a free port until the end of the block; yields its address."""
        supervisor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                supervisor.bearers.append(self.headers["Authorization"])
                known = supervisor.broker if self.path == "/services/mqtt" else None
                failed = {"result": "error", "message": "Service not enabled"}
                self.send_response(400 if known is None else 200)
                self.end_headers()
                self.wfile.write(
                    json.dumps(failed if known is None else {"result": "ok", "data": known}).encode()
                )

            def log_message(self, *_: object) -> None:
                """Write nothing."""

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()


# Stands where livereel would: says how it was called, and with what variables.
SHOW = f"""#!{sys.executable}
import json, os, sys
print(json.dumps([sys.argv[1:], {{name: value for name, value in os.environ.items()}}]))
"""


def started(
    folder: Path, options: dict[str, Any], supervisor: str = "http://127.0.0.1:9"
) -> subprocess.CompletedProcess[str]:
    """What comes of starting it with these options."""
    for name in ("data", "config", "bin"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "data" / "options.json").write_text(json.dumps(options))
    program = folder / "bin" / "livereel"
    program.write_text(SHOW)
    program.chmod(0o755)
    return subprocess.run(
        [sys.executable, APP / "run.py", folder / "data", folder / "config", supervisor],
        env=os.environ | {"PATH": f"{program.parent}", "SUPERVISOR_TOKEN": "of-the-supervisor"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("ssl", "address"), [(False, "mqtt://core-mosquitto:1883"), (True, "mqtts://core-mosquitto:1883")]
)
def test_options_and_broker_become_variables(ssl: bool, address: str, tmp_path: Path) -> None:  # noqa: FBT001
    known = {"host": "core-mosquitto", "port": 1883, "ssl": ssl, "username": "apps", "password": "x"}
    supervisor = Supervisor(known)
    secrets = [{"name": "CAMERA_PASSWORD", "value": "of the camera"}]
    with supervisor.serving() as url:
        done = started(tmp_path, {"token": TOKEN, "secrets": secrets}, url)
    arguments, variables = json.loads(done.stdout)
    assert arguments == ["run", str(tmp_path / "config" / "livereel.yaml")]
    expected = {
        "LIVEREEL_TOKEN": TOKEN,
        "CAMERA_PASSWORD": "of the camera",
        "MQTT_HOST": address,
        "MQTT_USER": "apps",
        "MQTT_PASSWORD": "x",
    }
    assert expected.items() <= variables.items()
    assert supervisor.bearers == ["Bearer of-the-supervisor"]


def test_without_a_broker_it_starts_all_the_same(tmp_path: Path) -> None:
    with Supervisor(None).serving() as url:
        done = started(tmp_path, {"token": TOKEN}, url)
    assert "MQTT_HOST" not in json.loads(done.stdout)[1]
    assert "no broker of Home Assistant" in done.stderr


def test_a_supervisor_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    done = started(tmp_path, {"token": TOKEN})
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if "Connection refused" in line]
    assert "Traceback" not in done.stderr


def test_the_first_start_writes_a_configuration_and_no_later_one_does(tmp_path: Path) -> None:
    started(tmp_path, {"token": TOKEN})
    config = tmp_path / "config" / "livereel.yaml"
    assert config.read_text() == (APP / "start.yaml").read_text()
    config.write_text("cameras: []\n")
    started(tmp_path, {"token": TOKEN})
    assert config.read_text() == "cameras: []\n"


@pytest.mark.parametrize("options", [{}, {"token": None}, {"token": ""}])
def test_without_a_token_it_ends_with_one_line(options: dict[str, Any], tmp_path: Path) -> None:
    done = started(tmp_path, options)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["livereel: set the option token: at least 16 characters"]
