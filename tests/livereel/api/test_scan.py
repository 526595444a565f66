"""``livereel.scan``: windows with pictures, a figure, a table, and clear errors."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import livereel
from tests.kit.cameras import senders
from tests.kit.films.scene import scene


@pytest.fixture(scope="module")
def scan(film: Path) -> livereel.Scan:
    return livereel.scan(film, window_s=3, peaks={"max_keyframes": 4}, progress=False)


def test_windows_have_their_keyframes_as_arrays_and_images(scan: livereel.Scan) -> None:
    assert [(window.start_s, window.end_s) for window in scan.windows] == [(0, 3), (3, 6), (6, 9), (9, 12)]
    assert not scan.live
    for window in scan.windows:
        assert 1 <= len(window.keyframes) <= 4
        for picture in window.keyframes:
            assert window.start_s <= picture.pts_s < window.end_s
            assert picture.array.shape == (120, 160, 3)
            assert picture.array.dtype == np.uint8
            assert picture.image.mode == "RGB"
            assert Image.fromarray(picture.array).tobytes() == picture.image.tobytes()


def test_the_figure_has_signal_threshold_peaks_and_sound(scan: livereel.Scan) -> None:
    figure = scan.plot()
    curves = {trace.name: trace for trace in figure.data}
    assert set(curves) == {"signal", "threshold", "peaks", "sound", "sound peaks"}
    peaks = [(peak.pts_s, peak.value) for window in scan.windows for peak in window.peaks]
    assert list(zip(curves["peaks"].x, curves["peaks"].y, strict=True)) == peaks
    assert curves["peaks"].marker.symbol == "x-thin"
    assert curves["peaks"].marker.line.color == "#1f3fd6"
    assert max(curves["signal"].y) == max(value for _, value in peaks)
    assert curves["sound"].yaxis != curves["signal"].yaxis


def test_a_notebook_shows_a_strip_for_each_window(scan: livereel.Scan) -> None:
    html = scan._repr_html_()
    assert html.count('<img src="data:image/jpeg') == len(scan.keyframes)
    assert "0:03 to 0:06" in html
    assert "4 windows, 4 with motion" in repr(scan)


def test_a_table_has_a_row_for_each_window(scan: livereel.Scan) -> None:
    table = scan.to_frame()
    assert list(table["start_s"]) == [0, 3, 6, 9]
    assert list(table["peaks"]) == [len(window.peaks) for window in scan.windows]


def test_pictures_live_as_long_as_one_of_them(film: Path) -> None:
    first = livereel.scan(film, progress=False).keyframes[0]
    gc.collect()
    file = first.file
    assert first.array.any()
    del first
    gc.collect()
    assert not file.parent.exists()


def test_it_works_inside_a_running_loop(film: Path) -> None:
    async def cell() -> livereel.Scan:
        return livereel.scan(film, progress=False)

    assert asyncio.run(cell()).windows


def test_a_live_source_ends_after_its_seconds(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mkv", seconds=30, fps=5, codec="mjpeg", pixel_format="yuvj420p")
    with senders.over_http(senders.multipart(film, 5), senders.MULTIPART) as address:
        scan = livereel.scan(address, seconds=4, window_s=1, progress=False)
    assert scan.live
    assert 1 <= scan.windows[-1].end_s < 20


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"window_s": 0}, r"^window_s: .*"),
        ({"peaks": {"height": 0.3}}, r"^peaks\.height: no such option; did you mean height_ratio\?$"),
        ({"motion": {"signal": "both"}}, r"^motion\.signal: .*changed or notebook"),
        ({"regions": [(0, 0, 10)]}, r"^regions: "),
        ({"config": "nowhere.yaml"}, r"^nowhere\.yaml: No such file or directory"),
    ],
)
def test_mistakes_are_clear_lines(film: Path, options: dict[str, object], line: str) -> None:
    with pytest.raises(livereel.LivereelError, match=line):
        livereel.scan(film, **options)  # type: ignore[arg-type]  # wrong ones


def test_a_missing_file_is_one_line() -> None:
    with pytest.raises(livereel.LivereelError, match=r"^nowhere\.mp4: no such file$"):
        livereel.scan("nowhere.mp4")
