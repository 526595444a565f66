"""A noun follows its number."""

from __future__ import annotations

import pytest

from base.plural import counted


@pytest.mark.parametrize(("count", "words"), [(0, "0 chapters"), (1, "1 chapter"), (12, "12 chapters")])
def test_the_noun_follows_the_number(count: int, words: str) -> None:
    assert counted(count, "chapter") == words
