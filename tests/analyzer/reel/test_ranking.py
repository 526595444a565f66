"""Importance first, then what is different."""

from __future__ import annotations

from analyzer.reel.choose import rank
from tests.kit.records.moments import moment


def test_the_most_important_comes_first_and_its_worth_is_its_importance() -> None:
    moments = [moment(i, importance=i) for i in range(5)]
    worth, best = rank(moments, 3)
    assert best[0] == 4
    assert worth[4] == 4.0


def test_what_resembles_the_taken_is_worth_less() -> None:
    moments = [
        moment(0, importance=8, tags=["pair"]),
        moment(10, importance=7, tags=["pair"]),
        moment(20, importance=6, tags=["light"]),
    ]
    worth, best = rank(moments, 3)
    assert best == [0, 2, 1]
    assert worth[1] < worth[2] <= 6


def test_of_equals_those_far_apart_come_first() -> None:
    _, best = rank([moment(i, tags=["pair"]) for i in range(20)], 4)
    assert min(abs(a - b) for a in best for b in best if a != b) >= 4


def test_no_more_are_taken_than_there_are() -> None:
    assert rank([], 5) == ([], [])
    assert sorted(rank([moment(i) for i in range(3)], 5)[1]) == [0, 1, 2]
