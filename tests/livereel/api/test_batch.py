"""``livereel.batch``: many files at a time; one that fails does not stop the others."""

from __future__ import annotations

from pathlib import Path

import pytest

import livereel
from tests.kit.films.scene import scene
from tests.kit.store.buckets import Bucket


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    return [scene(tmp_path / f"film{n}.mp4", seconds=4, events=[(1, 3)]) for n in (1, 2)]


def test_each_file_has_its_reel_or_its_failure(films: list[Path], tmp_path: Path) -> None:
    under_way = most = 0

    async def described(window: livereel.SeenWindow) -> str:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        under_way -= 1
        return f"Seen in {window.camera}."

    sources = [*films, tmp_path / "nowhere.mp4"]
    made = livereel.batch(sources, tmp_path / "out", describe=described, at_once=2, progress=False)
    assert list(made.recaps) == [str(film) for film in films]
    assert {str(error) for error in made.failures.values()} == {f"{tmp_path}/nowhere.mp4: no such file"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["film1", "film2"]
    assert all((tmp_path / "out" / name / "reel.mp4").is_file() for name in ("film1", "film2"))
    table = made.to_frame()
    assert list(table["text"].dropna()) == ["Seen in film1.", "Seen in film2."]
    assert table["source"].nunique() == 3
    assert most >= 1


def test_a_fault_ends_all_of_it(films: list[Path], tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="no_such_option"):
        livereel.batch(films, tmp_path / "out", no_such_option=1, progress=False)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_reels_go_to_an_object_store(films: list[Path], bucket: Bucket) -> None:
    made = livereel.batch(films, bucket.address("reels/"), progress=False)
    assert not made.failures
    manifests = {name for name in bucket.names() if name.endswith("reel.json")}
    assert manifests == {"reels/film1/reel.json", "reels/film2/reel.json"}


def test_a_pattern_names_files(films: list[Path], tmp_path: Path) -> None:
    made = livereel.batch(tmp_path / "film?.mp4", progress=False)
    assert list(made.recaps) == [str(film) for film in films]


def test_a_store_whose_address_is_a_path_is_refused(
    films: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(films[0].parent)
    for make in (livereel.batch, livereel.recap):
        with pytest.raises(livereel.LivereelError, match="out: s3:/bucket/out: give the address as a text"):
            make(films[0], Path("s3://bucket/out"), progress=False)
    assert not Path("s3:").exists()
