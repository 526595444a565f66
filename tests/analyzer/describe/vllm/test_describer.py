"""What holds without vLLM; with it: tests/vllm."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from analyzer.describe.describer import DescribeError
from analyzer.describe.settings import DescribeSettings
from analyzer.describe.vllm.describer import VllmDescriber
from tests.kit.records.keyframe_files import pictured


def test_without_the_extra_the_error_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)  # as if it were not there, where it is
    monkeypatch.setitem(sys.modules, "qwen_vl_utils", None)

    async def describe() -> None:
        describer = VllmDescriber()
        try:
            await describer.describe(pictured(tmp_path))
        finally:
            await describer.close()
            await describer.close()

    with pytest.raises(DescribeError, match=r"vLLM is not installed .*pip install '\.\[vllm\]'") as failed:
        asyncio.run(describe())
    assert not failed.value.retryable


@pytest.mark.parametrize("place", ["absolute", "relative"])
def test_a_missing_folder_is_an_error_before_anything_is_loaded(place: str, tmp_path: Path) -> None:
    model = str(tmp_path / "gone") if place == "absolute" else "./gone"

    async def describe() -> None:
        describer = VllmDescriber(DescribeSettings(kind="vllm", model=model))
        try:
            await describer.describe(pictured(tmp_path))
        finally:
            await describer.close()

    with pytest.raises(DescribeError, match=f"^there is no model folder {model}$"):
        asyncio.run(describe())


def test_a_window_without_pictures_loads_no_model(tmp_path: Path) -> None:
    window = pictured(tmp_path)
    for keyframe in window.keyframes:
        assert keyframe.file is not None
        keyframe.file.unlink()
    with pytest.raises(DescribeError, match="No such file"):
        asyncio.run(VllmDescriber().describe(window))
