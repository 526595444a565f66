"""The option ``store``: a folder of an object store, without a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from livereel.config.file import load
from livereel.config.schema import ConfigError


@pytest.mark.parametrize("address", ["s3://my-bucket/livereel", "gs://bucket/a", "az://container/a"])
def test_a_folder_of_an_object_store_is_taken_as_it_is(address: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"store: {address}\n")
    assert load(file).store == address


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("copies", "expected a folder of an object store, such as s3://my-bucket/livereel"),
        ("https://bucket.s3.amazonaws.com/a", "expected a folder of an object store, such as"),
        ("s3://AKIA:geheim@bucket/a", "holds a key: set it in the environment or in the store's own files"),
    ],
)
def test_anything_else_is_a_mistake_that_shows_no_key(address: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f'store: "{address}"\n')
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert f":1: store: {problem}" in str(caught.value)
    assert "geheim" not in str(caught.value)
