"""``livereel recap``: a reel of any file, which shows its events."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from analyzer.reel.shots import MAX_SHOT_S
from stream.media.frame_grab import grab
from tests.kit.cameras.damage import cut_off, junk
from tests.kit.films.numbered import beeps, ffmpeg, film, flashes
from tests.kit.films.random_access import together, without_keys
from tests.kit.films.scene import Event, scene
from tests.kit.program.command_line import LIVEREEL, CommandLine
from tests.kit.program.recap_folder import Recapped, at_in_reel, recapped

NO_B = {"preset": "ultrafast", "bf": "0"}
FASTSTART = {"movflags": "faststart"}
Make = Callable[[Path], Path]


def edited(folder: Path) -> Path:
    """An edit list hides what stands before 1.35 s; the block crosses from 0.65 s of what is left."""
    whole = scene(folder / "whole.mp4", gop=40)
    film_ = folder / "edited.mp4"
    ffmpeg("-v", "error", "-ss", "1.35", "-i", str(whole), "-c", "copy", str(film_))
    whole.unlink()
    return film_


def two_sizes(folder: Path) -> Path:
    film_ = scene(folder / "film.ts")
    other = scene(folder / "other.ts", size=(320, 240))
    film_.write_bytes(film_.read_bytes() + other.read_bytes())
    other.unlink()
    return film_


def twice(folder: Path) -> Path:
    film_ = scene(folder / "film.ts", sound="aac")
    film_.write_bytes(film_.read_bytes() * 2)
    return film_


def hidden_rate(number: int) -> float:
    """A camera that sends fewer pictures while little happens."""
    return number / 10 if number < 40 else 4.0 + (number - 40) / 4


def long_pause(number: int) -> float:
    """A recorder that writes nothing for a minute, while nothing happens."""
    return number / 10 if number < 50 else number / 10 + 60.0


def motion_photo(folder: Path) -> Path:
    """A film in one file with a still that is larger and lasts as long."""
    moving = scene(folder / "moving.mp4")
    still = scene(folder / "still.mp4", seconds=6, fps=Fraction(1, 6), size=(640, 480), events=())
    both = together(folder / "film.mp4", moving, still, defaults=(True, True))
    moving.unlink()
    still.unlink()
    return both


def unflagged(folder: Path, codec: str, pixel_format: str = "yuv420p", **options: str) -> Path:
    film_ = scene(folder / "film.avi", codec=codec, pixel_format=pixel_format, gop=100, options=options)
    return without_keys(film_)


def recovery_points(folder: Path, name: str, **form: Any) -> Path:
    """An event in the middle of a refresh that takes 3 s, long after the only IDR."""
    refresh = "intra-refresh=1:keyint=36:bframes=0"
    return scene(
        folder / name, seconds=24, fps=12, gop=300, size=(640, 128), events=[(13.0, 15.0)],
        options={"preset": "veryfast", "x264-params": refresh}, **form,
    )  # fmt: skip


EVENT = (2.0, 4.0)
ODD: dict[str, tuple[Make, Event]] = {
    "plain": (lambda folder: scene(folder / "film.mp4", sound="aac"), EVENT),
    "16 x 16 pixels": (lambda folder: scene(folder / "film.mp4", size=(16, 16)), EVENT),
    "odd width and height": (lambda folder: scene(folder / "film.mkv", size=(321, 181), codec="ffv1"), EVENT),
    "one picture a second": (
        lambda folder: scene(folder / "film.mp4", seconds=40, fps=1, gop=5, events=[(12, 18)]),
        (12.0, 18.0),
    ),
    "a picture in five seconds": (
        lambda folder: scene(folder / "film.mp4", seconds=120, fps=Fraction(1, 5), gop=1, events=[(40, 70)]),
        (40.0, 70.0),
    ),
    "a picture in five seconds, few of them key": (
        lambda folder: scene(folder / "film.ts", seconds=120, fps=Fraction(1, 5), gop=12, events=[(40, 70)]),
        (40.0, 70.0),
    ),
    "a picture in a minute": (
        lambda folder: scene(folder / "film.mkv", seconds=1800, fps=Fraction(1, 60), events=[(600, 900)]),
        (600.0, 900.0),
    ),
    "a pause of a minute": (lambda folder: scene(folder / "film.mp4", time_s=long_pause), EVENT),
    "a pause of a minute in a stream": (lambda folder: scene(folder / "film.ts", time_s=long_pause), EVENT),
    "intra refresh in a file": (lambda folder: recovery_points(folder, "film.mp4"), (13.0, 15.0)),
    "intra refresh in a stream": (lambda folder: recovery_points(folder, "film.ts"), (13.0, 15.0)),
    "a still beside the film": (motion_photo, EVENT),
    "MPEG-4 of which no frame is marked as key": (lambda folder: unflagged(folder, "mpeg4"), EVENT),
    "Huffyuv of which no frame is marked as key": (
        lambda folder: unflagged(folder, "huffyuv", "yuv422p"),
        EVENT,
    ),
    "H.264 in AVI of which no frame is marked as key": (
        lambda folder: unflagged(folder, "libx264", preset="ultrafast", bf="0"),
        EVENT,
    ),
    "H.264 with B-frames in AVI of which no frame is marked as key": (
        lambda folder: unflagged(folder, "libx264", preset="veryfast", bf="2"),
        EVENT,
    ),
    "240 pictures a second": (lambda folder: scene(folder / "film.mp4", fps=240, gop=240), EVENT),
    "a rate that varies": (lambda folder: scene(folder / "film.mp4", time_s=hidden_rate), EVENT),
    "timestamps from ten hours on": (lambda folder: scene(folder / "film.ts", start_s=36_000.0), EVENT),
    "timestamps below zero": (
        lambda folder: scene(folder / "film.ts", start_s=-1.0, muxer={"avoid_negative_ts": "disabled"}),
        EVENT,
    ),
    "turned by 90 degrees": (lambda folder: scene(folder / "film.mp4", rotation_deg=90), EVENT),
    "turned by 180 degrees": (lambda folder: scene(folder / "film.mp4", rotation_deg=180), EVENT),
    "turned by 270 degrees": (lambda folder: scene(folder / "film.mp4", rotation_deg=270), EVENT),
    "10 bit HEVC": (
        lambda folder: scene(folder / "film.mp4", codec="libx265", pixel_format="yuv420p10le"),
        EVENT,
    ),
    "Motion JPEG": (lambda folder: scene(folder / "film.avi", codec="mjpeg", pixel_format="yuvj420p"), EVENT),
    "GIF": (lambda folder: scene(folder / "film.gif", codec="gif", pixel_format="rgb8"), EVENT),
    "VP9 in WebM": (
        lambda folder: scene(folder / "film.webm", codec="libvpx-vp9", sound="libopus"),
        EVENT,
    ),
    "Windows Media": (lambda folder: scene(folder / "film.asf", codec="wmv2", container="asf"), EVENT),
    "bare H.264": (lambda folder: scene(folder / "film.h264", fps=25, container="h264"), EVENT),
    "an edit list": (edited, (0.65, 2.65)),
    "sound longer than the pictures": (
        lambda folder: scene(folder / "film.ts", sound="aac", sound_s=30),
        EVENT,
    ),
    "timestamps that start over": (twice, EVENT),
    "a size that changes": (two_sizes, EVENT),
}


def block_is_in(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bool:
    red, green, blue = (picture[:, :, channel].astype(int) for channel in range(3))
    return float(((red > 150) & (green < 110) & (blue < 110)).mean()) > 0.02


def check_what_is_seen(made: Recapped, event: Event = EVENT) -> None:
    """At each keyframe that the event surely holds, the reel shows the block."""
    seen = 0
    for row in made.chapters:
        for keyframe in row["keyframes"]:
            if event[0] - 0.01 < keyframe["pts_s"] < event[1] - 0.3:
                at_s = at_in_reel(row, keyframe["pts_s"])
                assert block_is_in(grab(made.video, [at_s])[0]), (row, keyframe)
                seen += 1
    assert seen


@pytest.mark.parametrize(("make", "event"), ODD.values(), ids=ODD.keys())
def test_whatever_the_file_the_event_is_in_the_reel(
    livereel: CommandLine, tmp_path: Path, make: Make, event: Event
) -> None:
    ended = livereel("recap", make(tmp_path), "--out", tmp_path / "reel")
    assert ended.code == 0, ended.err
    made = recapped(tmp_path / "reel")
    assert ended.out.splitlines()[0] == f"{tmp_path / 'reel'}: {made.reel['title']}"
    assert all(event[0] <= at_s <= event[1] + 1.0 for at_s in made.keyframes_s)
    check_what_is_seen(made, event)
    assert not made.reel["gaps"]


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.avi"])
def test_the_reel_of_a_slow_film_is_as_long_as_its_chapters(
    livereel: CommandLine, tmp_path: Path, name: str
) -> None:
    film_ = scene(tmp_path / name, seconds=120, fps=Fraction(1, 5), gop=6, events=[(40, 70)], options=NO_B)
    assert livereel("recap", film_, "--out", tmp_path / "reel").code == 0
    made = recapped(tmp_path / "reel")
    assert made.windows[-1]["end_s"] == 120.0
    for row in made.chapters:
        assert all(part["end_s"] - part["start_s"] <= MAX_SHOT_S for part in row["parts"])
        window = next(w for w in made.windows if w["id"] == row["window_id"])
        assert window["start_s"] <= row["start_s"] < row["end_s"] <= window["end_s"]
    assert made.reel["duration_s"] == pytest.approx(
        sum(part["end_s"] - part["start_s"] for row in made.chapters for part in row["parts"]), abs=0.01
    )


def test_the_choice_of_two_video_tracks_is_reported(livereel: CommandLine, tmp_path: Path) -> None:
    film_ = motion_photo(tmp_path)
    said = "of 2 video tracks, track 0 (h264 160x120, 6.0 s) is used, not track 1 (h264 640x480, 6.0 s)"
    assert said in livereel("recap", film_, "--out", tmp_path / "reel").err
    assert said in livereel("scan", film_).err


def test_the_choice_of_two_video_tracks_is_reported_where_nothing_happened(
    livereel: CommandLine, tmp_path: Path
) -> None:
    """What happened may be in the other track."""
    scene(tmp_path / "still.mp4", seconds=6, events=())
    scene(tmp_path / "moving.mp4", seconds=4, events=[(1, 3)])
    film_ = tmp_path / "film.mkv"
    inputs = ("-i", str(tmp_path / "still.mp4"), "-i", str(tmp_path / "moving.mp4"))
    assert not ffmpeg("-v", "error", *inputs, "-map", "0:v", "-map", "1:v", "-c", "copy", str(film_))
    ended = livereel("recap", film_, "--out", tmp_path / "reel")
    warning, failed = ended.err.splitlines()
    assert "of 2 video tracks, track 0 " in warning
    assert "nothing happened" in failed
    assert ended.code == 1


def place_of_block(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> tuple[float, float]:
    """Where the block's middle is, as shares of width and height."""
    red, green, blue = (picture[:, :, channel].astype(int) for channel in range(3))
    rows, columns = np.nonzero((red > 205) & (green < 90) & (blue < 90))
    return float(columns.mean() / picture.shape[1]), float(rows.mean() / picture.shape[0])


def jpeg(file: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    bgr = cv2.imread(str(file))
    assert bgr is not None
    return bgr[:, :, ::-1].astype(np.uint8, copy=False)


@pytest.mark.parametrize(
    ("rotation_deg", "mirrored", "aspect", "size", "begins", "ends"),
    [
        (0, True, None, (320, 240), "right", "left"),
        (180, True, None, (320, 240), "left", "right"),
        (90, False, None, (320, 240), "bottom", "top"),
        (90, True, None, (320, 240), "top", "bottom"),
        (0, False, Fraction(24, 11), (698, 240), "left", "right"),
        (0, True, Fraction(24, 11), (698, 240), "right", "left"),
    ],
    ids=["left and right", "top and bottom", "turned", "transposed", "wide pixels", "wide and mirrored"],
)
def test_all_that_leaves_shows_the_picture_as_players_do(
    livereel: CommandLine,
    tmp_path: Path,
    *,
    rotation_deg: int,
    mirrored: bool,
    aspect: Fraction | None,
    size: tuple[int, int],
    begins: str,
    ends: str,
) -> None:
    """Keyframes, poster, story and reel agree on where the block is, and on the picture's shape."""
    shape = {"rotation_deg": rotation_deg, "mirrored": mirrored, "pixel_aspect": aspect}
    film_ = scene(tmp_path / "film.mp4", size=(320, 240), **shape)  # type: ignore[arg-type]
    assert livereel("recap", film_, "--out", tmp_path / "reel").code == 0
    made = recapped(tmp_path / "reel")
    words = re.findall("left|right|top|bottom", made.windows[0]["text"])
    assert tuple(words[:2]) == (begins, ends), made.windows[0]["text"]
    shown = size[::-1] if rotation_deg == 90 else size
    for keyframe in made.windows[0]["keyframes"]:
        if not 2.2 < keyframe["pts_s"] < 3.7:
            continue
        picture = jpeg(made.folder / keyframe["file"])
        assert picture.shape[1] / picture.shape[0] == pytest.approx(shown[0] / shown[1], abs=0.02)
        along = (keyframe["pts_s"] - 2.0) / 2.0 * 5 / 6 + 1 / 12
        place = place_of_block(picture)
        moved = place[1] if begins in {"top", "bottom"} else place[0]
        assert moved == pytest.approx(1 - along if begins in {"right", "bottom"} else along, abs=0.02)
        row = made.chapters[0]
        at_s = at_in_reel(row, keyframe["pts_s"])
        assert place_of_block(grab(made.video, [at_s])[0]) == pytest.approx(place, abs=0.02)
    poster = jpeg(made.folder / "poster.jpg")
    assert (poster.shape[1], poster.shape[0]) == shown


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: scene(folder / "film.mp4", sound="aac"),
        lambda folder: scene(folder / "film.ts", rotation_deg=0),
        lambda folder: scene(folder / "film.mp4", rotation_deg=90),
        two_sizes,
        twice,
    ],
    ids=["mp4", "ts", "turned", "two sizes", "twice"],
)
def test_a_slideshow_shows_a_picture_for_each_keyframe(
    livereel: CommandLine, tmp_path: Path, make: Make
) -> None:
    ended = livereel("recap", make(tmp_path), "--style", "keyframes", "--out", tmp_path / "reel")
    assert ended.code == 0, ended.err
    made = recapped(tmp_path / "reel")
    shown = [keyframe["pts_s"] for row in made.chapters for keyframe in row["keyframes"]]
    assert made.reel["duration_s"] == pytest.approx(0.4 * len(shown), abs=0.01)
    pictures = grab(made.video, [0.4 * n + 0.2 for n in range(len(shown))])
    for picture, at_s in zip(pictures, shown, strict=True):
        if 2.2 < at_s < 3.7:
            assert block_is_in(picture)


@pytest.mark.parametrize(
    ("config", "mode"), [("reel: {max_early_s: 2}", "copy"), ("reel: {max_early_s: 0}", "encode")]
)
def test_sound_stays_in_step(livereel: CommandLine, tmp_path: Path, config: str, mode: str) -> None:
    source = film(tmp_path / "film.mp4", seconds=15, gop=33, sound="aac")
    (tmp_path / "config.yaml").write_text(config)
    out = tmp_path / "reel"
    options = ("--length", "20", "--chapters", "1", "--config", tmp_path / "config.yaml")
    assert livereel("recap", source, *options, "--out", out).code == 0
    made = recapped(out)
    assert made.reel["mode"] == mode
    parts = [part for row in made.chapters for part in row["parts"]]
    borders_s = [part["reel_start_s"] for part in parts] + [made.reel["duration_s"]]
    lit, heard = flashes(made.video), beeps(made.video)
    # At a border one flash may follow another without a pause.
    inner = [at_s for at_s in lit if all(abs(at_s - border_s) > 0.3 for border_s in borders_s)]
    assert len(inner) >= 4
    assert all(any(abs(at_s - beep_s) < 0.04 for beep_s in heard) for at_s in inner)


def test_what_is_unread_of_a_file_is_a_gap_of_its_reel(livereel: CommandLine, tmp_path: Path) -> None:
    events = [(2.0, 4.0), (32.0, 34.0)]
    source = junk(scene(tmp_path / "film.mp4", seconds=40, events=events, muxer=FASTSTART, gop=20), 0.4, 0.6)
    ended = livereel("recap", source, "--out", tmp_path / "reel")
    assert ended.code == 0
    times = re.findall(r"livereel: warning: not observed: (0:1\d) to (0:2\d) \(unreadable\)", ended.err)
    assert len(times) == 1, "in the file's own time"
    made = recapped(tmp_path / "reel")
    (gap,) = made.reel["gaps"]
    assert (gap["camera"], gap["reason"]) == ("film", "unreadable")
    assert len(made.chapters) == 2
    assert "could not be read" in (made.folder / "story.md").read_text()


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.avi"])
def test_what_could_be_read_of_a_file_cut_off_is_used(
    livereel: CommandLine, tmp_path: Path, name: str
) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    muxer = FASTSTART if name.endswith("mp4") else {}
    whole = scene(tmp_path / name, seconds=20, events=[(2, 4), (16, 18)], codec=codec, muxer=muxer)
    ended = livereel("recap", cut_off(whole), "--out", tmp_path / "reel")
    assert ended.code == 0, ended.err
    made = recapped(tmp_path / "reel")
    check_what_is_seen(made)
    if name.endswith("ts"):
        assert not made.reel["gaps"], "a transport stream does not tell how long it was to be"
    else:
        assert made.reel["gaps"][0]["reason"] == "unreadable"


def test_the_folder_names_only_what_is_there(livereel: CommandLine, tmp_path: Path) -> None:
    for source in (scene(tmp_path / "a b.mp4"), scene(tmp_path / "b.ts")):
        out = tmp_path / f"{source.name} reel"
        assert livereel("recap", source, "--out", out).code == 0
        for line in (out / "windows.jsonl").read_text().splitlines():
            clip = json.loads(line)["clip"]
            assert clip is None or clip == source.name
        assert {path.name for path in out.iterdir()} == {path.name for path in recapped(out).folder.iterdir()}


def test_names_that_are_no_utf_8_are_kept(tmp_path: Path) -> None:
    source = scene(tmp_path / "film.mp4").rename(tmp_path / os.fsdecode(b"\xff\xfe.mp4"))
    out = tmp_path / os.fsdecode(b"\xfd reel")
    done = subprocess.run([LIVEREEL, "recap", source, "--out", out], capture_output=True, check=True)
    assert done.stdout.startswith(os.fsencode(out) + b": ")
    clip = json.loads((out / "windows.jsonl").read_text().splitlines()[0])["clip"]
    assert os.fsencode(clip) == os.fsencode(source.name)
    assert (out / "reel.mp4").exists()


def test_a_pipe_can_be_recapped_while_it_is_written(livereel: CommandLine, tmp_path: Path) -> None:
    source = scene(tmp_path / "film.ts", sound="aac")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(source.read_bytes()))
    writer.start()
    assert livereel("recap", pipe, "--out", tmp_path / "reel").code == 0
    writer.join()
    check_what_is_seen(recapped(tmp_path / "reel"))


def test_the_style_and_the_rules_of_a_configuration_hold(livereel: CommandLine, tmp_path: Path) -> None:
    events = [(2.0 + 3 * n, 3.0 + 3 * n) for n in range(9)]
    source = scene(tmp_path / "film.mp4", seconds=30, events=events)
    (tmp_path / "config.yaml").write_text(
        "window_s: 3\nreel: {min_chapters: 2, max_chapters: 4, style: keyframes, hold_s: 0.5}\n"
    )
    out = tmp_path / "reel"
    assert livereel("recap", source, "--out", out, "--config", tmp_path / "config.yaml").code == 0
    made = recapped(out)
    assert 2 <= len(made.chapters) <= 4
    assert len(made.windows) == 10
    count = sum(len(row["keyframes"]) for row in made.chapters)
    assert made.reel["duration_s"] == pytest.approx(0.5 * count, abs=0.01)
