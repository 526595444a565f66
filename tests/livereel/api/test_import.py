"""``import livereel`` is light: what is heavy is imported when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import livereel

HEAVY = {"av", "cv2", "numpy", "pydantic", "sqlalchemy", "scipy", "plotly", "IPython", "pandas", "rich"}


def test_the_package_imports_nothing_heavy() -> None:
    script = "import livereel, sys; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    names = {name.partition(".")[0] for name in ended.stdout.split()}
    assert "livereel" in names
    assert not names & HEAVY


@pytest.mark.parametrize("name", sorted(set(livereel.__all__) - {"__version__"}))
def test_every_name_that_is_offered_exists_and_is_documented(name: str) -> None:
    assert getattr(livereel, name).__doc__
    assert name in dir(livereel)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = livereel.nothing
