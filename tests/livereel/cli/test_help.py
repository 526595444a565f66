"""Help, completion, and what all commands share."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from analyzer.reel.records import Gap, GapReason
from livereel.ledger.ledger import Ledger
from tests.conftest import BERLIN
from tests.kit.program.command_line import LIVEREEL, CommandLine

COMMANDS = ["scan", "recap", "watch", "run", "reel", "ledger", "search", "init", "check", "demo"]


def test_help_names_every_command(livereel: CommandLine) -> None:
    ended = livereel("--help")
    assert ended.code == 0
    assert all(f"  {command} " in ended.out for command in COMMANDS)
    assert "..." not in ended.out.partition("Commands:")[2], "each says in one line what it does"


def test_the_program_alone_is_wrong_usage_and_shows_its_help(livereel: CommandLine) -> None:
    ended = livereel()
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == livereel("-h").out


@pytest.mark.parametrize(
    ("command", "usage"), [("recap", "SOURCE..."), ("scan", "SOURCE"), ("run", "[CONFIG]")]
)
def test_arguments_are_named_as_in_the_documents(livereel: CommandLine, command: str, usage: str) -> None:
    """Without the notation for types that the library adds."""
    text = livereel(command, "-h").out
    assert text.startswith(f"Usage: livereel {command} [OPTIONS] {usage}\n")
    arguments = text.partition("Arguments:\n")[2].partition("Options:")[0]
    assert arguments.startswith(f"  {usage.strip('.[]')}  ")
    assert "<" not in arguments


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_two_examples_and_says_its_defaults(livereel: CommandLine, command: str) -> None:
    ended = livereel(command, "-h")
    assert ended.code == 0
    assert livereel(command, "--help").out == ended.out
    examples = ended.out.partition("Examples:\n")[2].splitlines()
    assert len(examples) == 2
    assert all(example.startswith(f"    livereel {command}") for example in examples)
    options = re.split(r"\n  (?=-)", ended.out.partition("Options:\n")[2].partition("\n\n")[0])
    valued = [option for option in options if re.match(r"\s*--[a-z-]+ [A-Z<]", option)]
    assert valued
    assert all("default:" in option or "[required]" in option for option in valued), valued


@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_names_only_options_that_there_are(livereel: CommandLine, command: str) -> None:
    help_text, _, examples = livereel(command, "-h").out.partition("Examples:\n")
    named = set(re.findall(r"--[a-z-]+", examples))
    assert all(f"  {option} " in help_text for option in named), named


@pytest.mark.parametrize("command", COMMANDS)
def test_no_name_is_cut_on_a_narrow_terminal(
    livereel: CommandLine, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = set(re.findall(r"--[a-z-]+", livereel(command, "-h").out))
    monkeypatch.setenv("COLUMNS", "30")
    narrow = livereel(command, "-h").out
    assert set(re.findall(r"--[a-z-]+", narrow)) == wide
    assert "…" not in narrow


def test_a_ledger_of_30_columns_names_its_cameras_in_full(
    livereel: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "the-camera-at-the-back-of-the-garden"
    start, end = "2026-03-12T14:00:00.000Z", "2026-03-12T14:10:00.000Z"
    with closing(Ledger(tmp_path)) as ledger:
        ledger.gaps.add(Gap(name, start, end, GapReason.DISABLED))
    monkeypatch.setenv("COLUMNS", "30")
    assert f"  {name}  " in livereel("ledger", "--data", tmp_path).out


def test_utc_is_for_people_and_programs_alike(
    livereel: CommandLine, tmp_path: Path, in_zone: Callable[[str], None]
) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        start, end = "2026-03-12T14:00:00.000Z", "2026-03-12T14:10:00.000Z"
        ledger.gaps.add(Gap("front", start, end, GapReason.DISABLED))
    in_zone(BERLIN)
    line = "front  not observed until {} (disabled)\n"
    assert livereel("ledger", "--data", tmp_path).out == f"2026-03-12 15:00:00 CET  {line.format('15:10:00')}"
    rows = livereel("ledger", "--data", tmp_path, "--json").out
    assert json.loads(rows)["start_utc"] == "2026-03-12T14:00:00.000Z"
    utc = livereel("ledger", "--data", tmp_path, "--utc", "--since", "2026-03-12 14:05")
    assert utc.out == f"2026-03-12 14:00:00 UTC  {line.format('14:10:00')}"


def completing(home: Path, *arguments: str, **environment: str) -> str:
    """What the program prints when a shell asks; the shell is named, as no shell has started the test."""
    named = {"HOME": str(home), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        [LIVEREEL, *arguments],
        env={**os.environ, **named, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shells_completion_is_printed(shell: str, tmp_path: Path) -> None:
    script = completing(tmp_path, "--show-completion", shell)
    assert "_LIVEREEL_COMPLETE" in script
    assert not list(tmp_path.iterdir())


def test_completion_is_installed(tmp_path: Path) -> None:
    assert "completion installed in" in completing(tmp_path, "--install-completion", "bash")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("_LIVEREEL_COMPLETE" in path.read_text() for path in files)


@pytest.mark.parametrize(
    ("words", "completions"), [("livereel wa", "watch"), ("livereel ledger --si", "--since")]
)
def test_a_shell_completes_commands_and_options(words: str, completions: str, tmp_path: Path) -> None:
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    said = completing(tmp_path, _LIVEREEL_COMPLETE="complete_bash", **asked)
    assert said.split() == [completions]
