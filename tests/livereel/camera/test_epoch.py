"""One connection of a camera: its windows are its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Window
from base.clock import MediaClock, parse_utc
from livereel.camera.clips import NoClips
from livereel.camera.epoch import Camera, Epoch
from livereel.camera.reports import CaptureCounts
from livereel.camera.window_files import WindowFiles
from stream.av_source import AvSource
from tests.kit.films.scene import scene

CLOCK = MediaClock(parse_utc("2026-03-12T10:00:00Z"))


@pytest.fixture
def source(tmp_path: Path) -> Iterator[AvSource]:
    with AvSource(str(scene(tmp_path / "film.mp4", seconds=12))) as opened:
        yield opened


def camera_of(source: AvSource) -> Camera:
    counts = CaptureCounts()
    files = WindowFiles(NoClips(), None, None, counts)
    return Camera("front", source.video, WindowSettings(), files, counts, live=False)


def test_an_epoch_without_a_frame_ends_without_a_window(source: AvSource) -> None:
    epoch = Epoch(camera_of(source), 0, CLOCK)
    assert list(epoch.extend(20.0)) == []
    assert list(epoch.end()) == []
    assert not epoch.begun
    assert epoch.observed_to_s == 0.0


def test_a_new_epoch_begins_with_nothing_of_the_one_before(source: AvSource) -> None:
    camera = camera_of(source)
    epochs = [Epoch(camera, number, CLOCK) for number in range(2)]
    windows: list[Window] = []
    for packet in (*source.packets(), None):
        for frame in epochs[0].decode(packet).frames:
            if not epochs[0].begun:
                epochs[0].begin(frame)
            windows += epochs[0].measure(frame)
    windows += [it for it in epochs[0].end() if isinstance(it, Window)]
    assert [(it.epoch, it.start_s) for it in windows] == [(0, 0.0), (0, 10.0)]
    assert epochs[0].observed_to_s == pytest.approx(12.0)
    fresh = epochs[1]
    assert (fresh.begun, fresh.last_s, fresh.media_start_s, fresh.decoder.damaged) == (False, 0.0, 0.0, 0)
    assert camera.counts.frames == 120
