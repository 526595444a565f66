"""The unit of systemd, by systemd's own judgement."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from livereel.cli.commands import app
from tests.kit.program.command_line import LIVEREEL
from tests.kit.program.documents import DOCS, ROOT

UNIT = ROOT / "deploy" / "livereel.service"
MOST_EXPOSED = 1.5
"""Of 10, by ``systemd-analyze security``: less is better."""


def options() -> dict[str, list[str]]:
    """Each option of the unit, with all its values."""
    lines = [line for line in UNIT.read_text(encoding="utf-8").splitlines() if "=" in line and line[0] != "#"]
    found: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition("=")
        found.setdefault(name, []).append(value)
    return found


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(
        ["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that there is: verification asks for it."""
    copy = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8").replace("/opt/livereel/bin/livereel", str(LIVEREEL))
    copy.write_text(text, encoding="utf-8")
    return copy


def test_systemd_finds_no_mistake_in_the_unit(unit: Path) -> None:
    done = analyze("verify", "--man=no", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_finds_the_unit_hardly_exposed(unit: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={round(MOST_EXPOSED * 10)}", unit)
    assert done.returncode == 0, done.stdout


def test_the_unit_runs_one_of_our_commands() -> None:
    (start,) = options()["ExecStart"]
    program, command, config = start.split()
    assert Path(program).name == "livereel"
    assert command in {info.callback.__name__ for info in app.registered_commands if info.callback}
    text = (DOCS / "install.md").read_text(encoding="utf-8")
    for path in (program, config, *options()["EnvironmentFile"], f"deploy/{UNIT.name}"):
        assert path in text, path


def test_the_unit_is_restarted_after_a_failure_and_may_write_its_own_folder_alone() -> None:
    it = options()
    assert it["Restart"] == ["on-failure"]
    assert it["ProtectSystem"] == ["strict"]
    assert it["StateDirectory"] == ["livereel"]
    assert "ReadWritePaths" not in it
