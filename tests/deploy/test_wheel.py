"""The wheel: what is in it, and that the program runs from it with no sources near."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import livereel
from tests.kit.program.documents import ROOT

PACKAGES = ("base", "synthetic", "stream", "analyzer", "sinks", "livereel")
READ_BY_PIP = ("pyproject.toml", "README.md", "LICENSE")
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files_of(folder: Path) -> set[str]:
    """The files of the packages in a folder, but for what Python compiles."""
    paths = (path for package in PACKAGES for path in (folder / package).rglob("*"))
    return {it.relative_to(folder).as_posix() for it in paths if it.is_file() and it.suffix != ".pyc"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: a build leaves files next to the sources, and takes up old ones."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, sources / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in READ_BY_PIP:
        shutil.copy(ROOT / name, sources)
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder)
    run(*PIP, "wheel", *options, sources, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


class Installed:
    """livereel in a folder of its own; what it needs is the running environment's."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        """Install it."""
        self.folder = folder
        self._environment = {"PYTHONPATH": str(folder), "HOME": str(folder)}
        run(*PIP, "install", "--no-deps", "--no-index", "--target", folder, wheel, cwd=folder)

    def __call__(self, *arguments: str | Path, cwd: Path) -> str:
        """What livereel prints."""
        return run(self.folder / "bin" / "livereel", *arguments, cwd=cwd, **self._environment)

    def python(self, code: str, cwd: Path) -> str:
        """What a program prints that imports it."""
        return run(sys.executable, "-c", code, cwd=cwd, **self._environment)

    @contextmanager
    def watching(self, source: str, cwd: Path) -> Iterator[str]:
        """Watch a source until the end of the block; yields the address of the pages."""
        command = (self.folder / "bin" / "livereel", "watch", source, "--port", "0")
        watch = subprocess.Popen(
            command, cwd=cwd, env=os.environ | self._environment, stderr=subprocess.PIPE, text=True
        )
        with watch:
            assert watch.stderr is not None
            try:
                yield next(found[0] for line in watch.stderr if (found := ADDRESS.search(line)))
            finally:
                watch.terminate()
                watch.communicate()


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(wheel, tmp_path_factory.mktemp("installed"))


def read(address: str) -> str:
    with urllib.request.urlopen(address) as answer:  # noqa: S310  # of the program that was started
        text: str = answer.read().decode()
    return text


def test_every_file_of_the_packages_is_in_the_wheel_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = f"livereel-{livereel.__version__}.dist-info"
    assert {name for name in names if not name.startswith(f"{info}/")} == files_of(ROOT)
    assert f"{info}/licenses/LICENSE" in names
    assert {f"{package}/py.typed" for package in PACKAGES} <= names


def test_an_installed_copy_needs_no_sources(program: Installed, tmp_path: Path) -> None:
    assert program("--version", cwd=tmp_path).strip() == livereel.__version__
    code = f"import importlib\nfor name in {PACKAGES}: print(importlib.import_module(name).__file__)"
    places = program.python(code, tmp_path).split()
    assert len(places) == len(PACKAGES)
    assert all(Path(place).is_relative_to(program.folder) for place in places)


def test_an_installed_copy_draws_its_report(program: Installed, tmp_path: Path) -> None:
    reel = tmp_path / "reel"
    program("recap", "synthetic://street", "--to", "20s", "--out", reel, cwd=tmp_path)
    assert (reel / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert json.loads((reel / "reel.json").read_text(encoding="utf-8"))["chapters"]


def test_an_installed_copy_serves_its_pages(program: Installed, tmp_path: Path) -> None:
    with program.watching("synthetic://street", tmp_path) as address:
        page = read(address)
        assert read(f"{address}static/app.js") == (ROOT / "sinks/web/static/app.js").read_text("utf-8")
    assert page.rstrip().endswith("</html>")
