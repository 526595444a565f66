"""Reels for editors from the pages: made when they are asked for, with no path of this machine in them."""

from __future__ import annotations

import io
import json
import os
import socket
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.reel.compile import compile_reel
from analyzer.reel.settings import ReelSettings
from analyzer.report.page import report
from analyzer.signal.window import Clip, Outcome
from livereel.ledger.records import PENDING
from tests.analyzer.reel.test_compile import plan, told
from tests.kit.films.numbered import film
from tests.kit.program.live_run import until
from tests.kit.web.site import Site, serving

FOLDER = "/media/reels/front/3/"


@pytest.fixture(scope="module", autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The temporary folder of these tests alone: others may export at the same time."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("site")) as it:
        add_reel(it)
        yield it


def add_reel(site: Site) -> Path:
    """Add a real reel of two clips; return its folder."""
    data = site.ledger.data
    clips = [
        Clip(film(data / f"{n}.mp4", seconds=4.0, gop=5), start_s) for n, start_s in ((0, 2.0), (1, 12.0))
    ]
    moments = [told(0, [4.0], clips[0]), told(1, [14.0], clips[1])]
    for moment in moments:
        site.ledger.windows.add(moment.window, PENDING)
        site.ledger.windows.end(moment.window.id, Outcome.DESCRIBED, moment)
    folder = data / "reels" / "front" / "000003"
    folder.mkdir(parents=True)
    site.ledger.reels.add(compile_reel(plan(moments), folder, ReelSettings(), report))
    return folder


@pytest.mark.parametrize("name", ["reel.otio", "reel.edl", "reel.csv"])
def test_timelines_and_segments_name_no_path(site: Site, name: str) -> None:
    answer = site.get(FOLDER + name)
    assert answer.status == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="front-3.{name[5:]}"'
    assert "1.mp4" in answer.text or "Mover 1" in answer.text
    assert str(site.ledger.data) not in answer.text
    if name == "reel.otio":
        assert json.loads(answer.text)["name"] == "Mover 0, and one more moment"


def test_clips_come_as_a_zip_of_which_nothing_is_left(site: Site) -> None:
    answer = site.get(FOLDER + "clips.zip")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[:2] == ["01-mover-0.mp4", "02-mover-1.mp4"]
    until(lambda: not exports_left(), "an empty temporary folder")


def exports_left() -> list[Path]:
    """What exports have left in the temporary folder."""
    return list(Path(tempfile.gettempdir()).glob("*/clips.zip"))


def test_an_export_that_hangs_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        story = add_reel(site) / "story.md"
        story.unlink()
        os.mkfifo(story)  # reading it blocks, as on a disk that is away
        with socket.create_connection(("127.0.0.1", site.port)) as client:
            client.sendall(f"GET {FOLDER}clips.zip HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            until(lambda: bool(exports_left()), "an export that has begun")
            assert site.get(FOLDER + "reel.csv").status == 503  # one at a time
            assert len(site.ledger.windows.in_use) == 2, "retention leaves the clips that are read"
    assert not exports_left()
    os.close(os.open(story, os.O_RDWR))  # its thread ends


@pytest.mark.parametrize(
    "path", ["/media/reels/front/2/reel.otio", FOLDER + "reel.xml", "/media/reels/x/1/clips.zip"]
)
def test_what_there_is_not_is_404(site: Site, path: str) -> None:
    assert site.get(path).status == 404


def test_a_clip_that_cannot_be_read_is_503_without_its_path(site: Site) -> None:
    damaged = replace(told(2, [24.0], Clip(site.ledger.data / "junk.mp4", 22.0)))
    (site.ledger.data / "junk.mp4").write_bytes(b"junk" * 100)
    site.ledger.windows.add(damaged.window, PENDING)
    site.ledger.windows.end(damaged.window.id, Outcome.DESCRIBED, damaged)
    row = site.ledger.reels.find("front", 3)
    assert row is not None
    broken = replace(
        row, seq=4, chapters=(replace(row.chapters[0], moment=damaged, start_s=23.0, end_s=25.0, parts=()),)
    )
    site.ledger.reels.add(broken)
    for name in ("reel.otio", "clips.zip"):
        answer = site.get(f"/media/reels/front/4/{name}")
        assert (answer.status, answer.text) == (503, "the export has failed; the log says why\n")
