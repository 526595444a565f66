"""Mistakes on the command line: each is one line that says what is wrong, and the right exit code."""

from __future__ import annotations

import shlex
from contextlib import closing
from pathlib import Path

import pytest

from analyzer.reel.records import Gap, GapReason
from livereel.config.since import EXAMPLES
from livereel.ledger.ledger import Ledger
from tests.kit.films.scene import scene
from tests.kit.program.command_line import CommandLine

NOT_A_VIDEO = "not a video, or damaged, or cut off before its index"
BEGINS = "a camera's address begins with its kind, such as"
ENDLESS = "synthetic://street never ends: name it last, with --to, or add ?duration_s=60"
WHOSE = "(is it the folder that livereel watches with?)"
KINDS = "'builtin', 'vllm', 'openai', 'sagemaker'"
PROFILES = "meeting, movie, sports, surveillance, wildlife"
A_CONFIG = "a configuration, not a video: livereel run home.yaml watches its cameras"
NO_ADDRESS = (
    "CONFIG is a file, not an address (livereel init home.yaml --source ADDRESS writes one;"
    " livereel watch ADDRESS needs none)"
)
FOR_OTHERS = (
    "web.token is needed where other machines can connect, as they can to 10.0.0.5;"
    " set it in the file of --config"
)
EMPTY = "it is empty (is a variable of the shell not set?)"
LEVELS = "'debug', 'info', 'warning', 'error'"

# The command line, its exit code, and what it says behind "livereel: ".
MISTAKES: list[tuple[str, int, str]] = [
    ("wach x.mp4", 2, "no such command 'wach'; did you mean watch or search? (see livereel --help)"),
    ("scan", 2, "missing argument 'SOURCE' (see livereel scan --help)"),
    ("scan film.mp4 x.mp4", 2, "got unexpected extra argument(s) (x.mp4) (see livereel scan --help)"),
    ("scan film.mp4 --nonsense", 2, "no such option: --nonsense (see livereel scan --help)"),
    (
        "scan film.mp4 --realtim",
        2,
        "no such option: --realtim; did you mean --realtime? (see livereel scan --help)",
    ),
    ("scan -x.mp4", 2, "no such option: -x (see livereel scan --help)"),
    ("scan x.mp4", 1, "x.mp4: no such file"),
    ("scan 10.0.0.5/main", 1, f"10.0.0.5/main: no such file; {BEGINS} rtsp://10.0.0.5/main"),
    ("scan viewer:secret@cam/main", 1, f"***@cam/main: no such file; {BEGINS} rtsp://***@cam/main"),
    ("scan notes.txt", 1, f"notes.txt: {NOT_A_VIDEO}"),
    ("scan folder", 1, "folder: a folder, not a video: name the files in it"),
    ("recap *.mkv --out reel", 1, "*.mkv: no file has such a name"),
    ("scan front=rtsp://cam/main", 1, f"front=rtsp://cam/main: no such file; {BEGINS} rtsp://cam/main"),
    ("scan rstp://cam/main", 1, "rstp://cam/main: there is no such kind of address; did you mean rtsp://?"),
    ("scan home.yaml", 2, f"home.yaml: {A_CONFIG}"),
    ("watch home.yaml", 2, f"home.yaml: {A_CONFIG}"),
    ("recap film.mp4 home.yaml --out reel", 2, f"home.yaml: {A_CONFIG}"),
    ("scan film.mp4 --plot", 2, "option '--plot' requires an argument (see livereel scan --help)"),
    ("scan synthetic://road", 1, "synthetic://road: unknown synthetic place 'road' (allowed: street, field)"),
    ("scan film.mp4 --region 1,2,3", 2, "--region 1,2,3: expected four whole numbers, X,Y,W,H"),
    (
        "scan film.mp4 --ignore 0,0,0,5",
        2,
        "--ignore 0,0,0,5: X and Y must not be negative, W and H must be more than 0",
    ),
    ("scan film.mp4 --plot folder", 1, "folder: Is a directory"),
    ("scan film.mp4 --plot nowhere/x.html", 1, "nowhere: No such file or directory"),
    ("recap film.mp4", 2, "missing option '--out' (see livereel recap --help)"),
    ("recap film.mp4 --out folder", 1, "folder exists already"),
    (
        "recap film.mp4 --out reel --style film",
        2,
        "invalid value for '--style': 'film' is not one of 'clips', 'keyframes' (see livereel recap --help)",
    ),
    (
        "recap film.mp4 --out reel --describe oracle",
        2,
        f"invalid value for '--describe': 'oracle' is not one of {KINDS} (see livereel recap --help)",
    ),
    ("recap film.mp4 --out reel --length 30x", 2, "--length 30x: expected seconds, 1:30 or 1m30s"),
    ("recap film.mp4 --out reel --length 1", 2, "--length 1: a reel lasts at least 2 s"),
    ("recap film.mp4 --out reel --from 5:00", 2, "--from 5:00: it must be earlier than the end, 0:01"),
    ("recap film.mp4 --out reel --from 9 --to 3", 2, "--to 3: it must be later than --from 9"),
    ("recap film.mp4 --out reel --profile pets", 2, f"--profile pets: no such profile; there are {PROFILES}"),
    ("recap synthetic://street --out reel", 2, ENDLESS),
    ("recap synthetic://street film.mp4 --out reel --to 9", 2, ENDLESS),
    ("run", 1, "config.yaml: No such file or directory (livereel init config.yaml writes it)"),
    (
        "run empty.yaml",
        1,
        "empty.yaml: cameras: there are none (livereel init home.yaml writes a file with one)",
    ),
    ("run notes.txt", 1, "notes.txt:1: expected options as 'key: value' lines, such as window_s: 10"),
    ("run film.mp4", 1, "film.mp4: not a text file (livereel watch plays a video)"),
    ("run --config empty.yaml notes.txt", 2, "CONFIG and --config name the same thing: give one of them"),
    ("run rtsp://me:secret@10.0.0.5/main", 2, NO_ADDRESS),
    ("check rtsp://me:secret@10.0.0.5/main", 2, NO_ADDRESS),
    (
        "init new.yaml --source film.mp4 --name a/b",
        2,
        "--name: expected at most 64 letters, digits, - and _, such as front-door",
    ),
    ("demo --port abc", 2, "invalid value for '--port': must be a whole number (see livereel demo --help)"),
    ("demo --seconds long", 2, "invalid value for '--seconds': must be a number (see livereel demo --help)"),
    ("check home.yaml", 1, "home.yaml: No such file or directory (livereel init home.yaml writes it)"),
    ("init notes.txt --source film.mp4", 1, "notes.txt exists already"),
    # What is empty, as a variable of the shell that is not set
    ("scan ''", 2, "SOURCE is empty (is a variable of the shell not set?)"),
    ("recap film.mp4 ''  --out reel", 2, "SOURCE is empty (is a variable of the shell not set?)"),
    ("recap film.mp4 --out ''", 2, f"invalid value for '--out': {EMPTY} (see livereel recap --help)"),
    ("watch film.mp4 --data ''", 2, f"invalid value for '--data': {EMPTY} (see livereel watch --help)"),
    ("check --config ''", 2, f"invalid value for '--config': {EMPTY} (see livereel check --help)"),
    ("run ''", 2, f"invalid value for 'CONFIG': {EMPTY} (see livereel run --help)"),
    # What cannot be reached, or goes with nothing
    ("scan rtsp://", 1, "rtsp://: names no host, as in rtsp://10.0.0.5/stream1"),
    (
        "scan rtsp://me:secret@cam:99999/main",
        1,
        "rtsp://***@cam:99999/main: there is no port 99999: they go from 1 to 65535",
    ),
    ("recap film.mp4 --out reel --model Qwen", 2, "--model needs --describe openai or --describe vllm"),
    ("watch film.mp4 --base-url http://box/v1", 2, "--base-url needs --describe openai or --describe vllm"),
    (
        "recap film.mp4 --out reel --describe openai --base-url gpu-box:8000",
        2,
        "--base-url: expected an address such as http://gpu-box:8000/v1",
    ),
    ("watch film.mp4 --no-web --port 8091", 2, "--no-web and --port: choose one"),
    ("demo --no-web --host 10.0.0.5", 2, "--no-web and --host: choose one"),
    (
        "watch film.mp4 --host 10.0.0.5",
        2,
        f"--host 10.0.0.5: {FOR_OTHERS}",
    ),
    ("recap film.mp4 --out notes.txt/reel", 1, "notes.txt: Not a directory"),
    ("init nowhere/home.yaml --source film.mp4 --yes", 1, "nowhere: No such file or directory"),
    ("watch", 2, "missing argument 'SOURCE' (see livereel watch --help)"),
    (
        "watch film.mp4 --seconds 0",
        2,
        "invalid value for '--seconds': must be greater than or equal to 1 (see livereel watch --help)",
    ),
    ("watch film.mp4 --data notes.txt", 1, "notes.txt: Not a directory"),
    ("watch film.mp4 --quiet --log-level info", 2, "--quiet and --log-level: choose one"),
    (
        "demo --seconds 3",
        2,
        "invalid value for '--seconds': must be greater than or equal to 15 (see livereel demo --help)",
    ),
    ("ledger", 1, f"livereel-data/ledger.db: No such file or directory {WHOSE}"),
    ("search car --data dta", 1, f"dta/ledger.db: No such file or directory {WHOSE}"),
    ("ledger --data notes.txt", 1, "notes.txt/ledger.db: Not a directory"),
    (
        "ledger --log-level loud",
        2,
        f"invalid value for '--log-level': 'loud' is not one of {LEVELS} (see livereel ledger --help)",
    ),
    ("ledger --data data --since soon", 2, f"--since soon: not a time; examples: {EXAMPLES}"),
    ("ledger --data data --since 25:00", 2, f"--since 25:00: not a time; examples: {EXAMPLES}"),
    ("search car --data data --camera back", 2, "--camera back: data knows only front"),
    ("reel --data data --out folder", 1, "folder exists already"),
    ("reel --data data --out reel --camera back", 2, "--camera back: data knows only front"),
    ("reel --data data --out reel", 1, "nothing happened: there is no moment to make a reel of"),
]


@pytest.fixture
def place(places: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go there."""
    monkeypatch.chdir(places)
    return places


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film, a text, a folder and the data of a run in which nothing happened."""
    place = tmp_path_factory.mktemp("place")
    scene(place / "film.mp4", seconds=1)
    (place / "notes.txt").write_text("Buy milk.\n")
    (place / "empty.yaml").touch()
    (place / "folder").mkdir()
    (place / "data").mkdir()
    with closing(Ledger(place / "data")) as ledger:
        start, end = "2026-03-12T14:00:00.000Z", "2026-03-12T14:10:00.000Z"
        ledger.gaps.add(Gap("front", start, end, GapReason.DISABLED))
    return place


@pytest.mark.parametrize(("line", "code", "said"), MISTAKES, ids=[line for line, _, __ in MISTAKES])
def test_a_mistake_is_one_line_and_its_exit_code(
    line: str, code: int, said: str, place: Path, livereel: CommandLine
) -> None:
    before = sorted(place.iterdir())
    assert livereel.failure(*shlex.split(line), code=code) == said
    assert sorted(place.iterdir()) == before, "nothing is left behind"


@pytest.mark.usefixtures("place")
def test_a_time_in_the_future_is_a_mistake(livereel: CommandLine) -> None:
    said = livereel.failure("ledger", "--data", "data", "--since", "2999-01-01", code=2)
    assert said.startswith("--since 2999-01-01: is in the future (2999-01-01 00:00:00 UTC; it is ")
