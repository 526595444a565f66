"""The example notebooks run on a real Jupyter kernel, and show what they promise."""

from __future__ import annotations

import base64
import re
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from stream.media.probe import verify
from tests.kit.program.documents import ROOT

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
LONG_S = 240


def stored(path: Path) -> Any:
    return nbformat.read(path, 4)  # type: ignore[no-untyped-call]  # of Jupyter


def outputs(name: str, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Run a notebook; return the outputs of its cells, by their last line."""
    book = stored(ROOT / "examples" / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own making
        client = NotebookClient(
            book, timeout=LONG_S, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
        )
        client.execute()
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    return {cell.source.splitlines()[-1]: cell.outputs for cell in cells}


def html(results: list[dict[str, Any]]) -> str:
    return "".join(result.get("data", {}).get("text/html", "") for result in results)


def videos(text: str, folder: Path) -> list[float]:
    """The lengths of the videos in a text, each decoded to its end."""
    lengths = []
    for number, found in enumerate(re.findall(r'src="data:video/mp4;base64,([^"]+)"', text)):
        file = folder / f"{number}.mp4"
        file.write_bytes(base64.b64decode(found))
        lengths.append(verify(file).duration_s)
    return lengths


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_stored_without_outputs(notebook: Path) -> None:
    book = stored(notebook)
    nbformat.validate(book)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    assert cells
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


def test_highlights_shows_keyframes_a_figure_reasons_and_the_reel(tmp_path: Path) -> None:
    shown = outputs("highlights.ipynb", tmp_path)
    assert html(shown["scan"]).count("<img") > 3
    (drawn,) = (result for result in shown["scan.plot()"] if result["output_type"] == "display_data")
    figure = drawn["data"]["application/vnd.plotly.v1+json"]
    assert {"signal", "threshold", "peaks", "sound"} <= {trace["name"] for trace in figure["data"]}
    assert "In the reel: " in html(shown["made.transcript"])
    assert "Assistant" in html(shown["made.conversation"])
    assert "<iframe srcdoc=" in html(shown["made"])
    (length_s,) = videos(html(shown["made.show()"]), tmp_path)
    assert length_s > 2


def test_live_shows_events_and_a_reel(tmp_path: Path) -> None:
    shown = outputs("live.ipynb", tmp_path)
    text = "".join(result.get("text", "") for results in shown.values() for result in results)
    assert {"street: watching", "field: watching"} <= set(text.splitlines())
    assert "importance" in text
    pictures = [
        result for results in shown.values() for result in results if "image/jpeg" in result.get("data", {})
    ]
    assert pictures
    (length_s,) = videos(html(shown["livereel.show(reel)"]), tmp_path)
    assert length_s > 2
