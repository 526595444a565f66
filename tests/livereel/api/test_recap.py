"""``livereel.recap``: the reel, its report, transcript and conversation; and what an interrupt leaves."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Sequence
from html import unescape
from pathlib import Path

import pytest

import livereel
from livereel.once.progress import Advance
from stream.media.probe import verify
from tests.kit.store.buckets import Bucket


def test_the_reel_is_complete_and_its_records_name_its_files(made: livereel.Recap) -> None:
    assert verify(made.video).duration_s == pytest.approx(made.reel.duration_s, abs=0.05)
    assert json.loads((made.folder / "reel.json").read_text())["sha256"] == made.reel.sha256
    assert [window.outcome for window in made.windows] == [livereel.Outcome.DESCRIBED] * 4
    files = [picture.file for window in made.windows for picture in window.keyframes]
    files += [k.file for chapter in made.reel.chapters for k in chapter.moment.window.keyframes if k.file]
    assert files
    assert all(file.is_file() and file.parent == made.folder / "keyframes" for file in files)


def test_the_transcript_marks_what_is_in_the_reel(made: livereel.Recap) -> None:
    chosen = [chapter.moment.window.id for chapter in made.reel.chapters]
    assert [entry.window.id for entry in made.transcript if entry.chosen] == chosen
    assert [entry.number for entry in made.transcript] == [1, 2, 3, 4]
    for entry, moment in zip(made.transcript, made.moments, strict=True):
        assert moment.title in str(entry)
        assert moment.text in str(entry)
    assert made.reel.chapters[0].reason in str(made.transcript)


def test_the_conversation_shows_pictures_answers_and_the_choice(made: livereel.Recap) -> None:
    roles = [message.role for message in made.conversation]
    assert roles == ["user", "assistant"] * 5
    assert made.conversation[0].pictures == made.windows[0].keyframes
    assert made.moments[0].text in made.conversation[1].text
    assert made.reel.chapters[-1].reason in made.conversation[-1].text
    shown = sum(len(window.keyframes) for window in made.windows)
    assert made.conversation._repr_html_().count("<img") == shown


def test_a_notebook_shows_the_report_and_the_video(made: livereel.Recap) -> None:
    page = made._repr_html_()
    assert page.startswith("<iframe srcdoc=")
    report = unescape(page)
    assert "data:video/mp4;base64," in report
    assert made.reel.title in report
    assert "data:video/mp4;base64," in str(made.show().data)
    assert livereel.show(made.reel).data.count('<video controls playsinline width="640" poster=') == 1
    assert livereel.show(made.video).data.count("<video") == 1


def test_a_reel_goes_to_an_object_store_and_can_be_shown(film: Path, bucket: Bucket) -> None:
    out = bucket.address("reels/goal")
    made = livereel.recap(film, out, window_s=3, progress=False)
    assert {"reels/goal/reel.json", "reels/goal/report.html"} <= set(bucket.names())
    assert bucket.get("reels/goal/reel.mp4") == made.video.read_bytes()
    assert "data:video/mp4;base64," in str(made.show().data)
    folder = made.folder
    del made
    gc.collect()
    assert not folder.parent.exists()
    with pytest.raises(livereel.LivereelError, match="there is a reel already"):
        livereel.recap(film, out, progress=False)
    with pytest.raises(livereel.LivereelError, match="as a text"):
        livereel.recap(film, Path(out), progress=False)


def test_the_table_says_what_was_chosen(made: livereel.Recap) -> None:
    table = made.to_frame()
    assert list(table["title"]) == [moment.title for moment in made.moments]
    assert table["chosen"].sum() == len(made.reel.chapters)


def test_it_works_inside_a_running_loop_and_keeps_to_its_options(film: Path, tmp_path: Path) -> None:
    async def cell() -> livereel.Recap:
        out = tmp_path / "reel"
        return livereel.recap(
            film, out, window_s=3, to_s=6, chapters=1, style="keyframes", export=["csv"], progress=False
        )

    made = asyncio.run(cell())
    assert len(made.reel.chapters) == 1
    assert made.windows[-1].end_s <= 6
    assert (tmp_path / "reel" / "reel.csv").is_file()


def test_a_temporary_folder_goes_with_its_recap(film: Path) -> None:
    made = livereel.recap(film, to_s=5, progress=False)
    folder = made.folder
    assert folder.is_dir()
    del made
    gc.collect()
    assert not folder.exists()


class Interrupts:
    """Shows progress until half of something is done; then Ctrl-C comes."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._shown = ""

    def __call__(self, label: str, *, known: bool = True) -> Interrupts:  # noqa: ARG002  # the protocol's
        self._shown = label
        return self

    def __enter__(self) -> Advance:
        return self._advance

    def __exit__(self, *_: object) -> None:
        """Nothing is shown."""

    def _advance(self, _done: float) -> None:
        if self._shown == self._label:
            raise ZeroDivisionError  # as an interrupt would, from inside


@pytest.mark.parametrize("label", ["watching", "making the reel"])
def test_what_ends_it_early_leaves_nothing(film: Path, tmp_path: Path, label: str) -> None:
    with pytest.raises(ZeroDivisionError):
        livereel.recap(film, tmp_path / "reel", window_s=3, progress=Interrupts(label))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sources", "options", "line"),
    [
        ([], {}, r"^sources: there are none$"),
        ("nowhere.mp4", {}, r"^nowhere\.mp4: no such file$"),
        ("film", {"from_s": 5, "to_s": 3}, r"^to_s is 3: it must be later than from_s, 5$"),
        ("film", {"length_s": 1}, r"^length_s is 1: a reel lasts at least 2 s$"),
        ("film", {"export": ["avi"]}, r"^export: no format 'avi'; there are otio, edl, csv, zip$"),
        ("film", {"profile": "ballet"}, r"^describe\.profile: no such profile; there are "),
        ("film", {"describe": 7}, r"^describe: int is none of a kind, options, a loaded model"),
    ],
)
def test_mistakes_are_clear_lines(
    sources: str | Sequence[str], options: dict[str, object], line: str
) -> None:
    with pytest.raises(livereel.LivereelError, match=line):
        livereel.recap(sources, **options)  # type: ignore[arg-type]  # wrong ones
