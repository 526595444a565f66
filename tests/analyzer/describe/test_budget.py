"""A budget that is spent, and earned again over time."""

from __future__ import annotations

from analyzer.describe.budget import Budget


def test_a_budget_is_earned_again_over_time() -> None:
    now = [0.0]
    budget = Budget(10.0, 60.0, lambda: now[0])
    for _ in range(10):
        assert budget.wait_s() == 0.0
        budget.spend(1.0)
    assert budget.wait_s() > 0.0
    now[0] = 6.5
    assert budget.wait_s() == 0.0
    now[0] = 1000.0
    assert budget.share == 1.0


def test_no_budget_never_waits() -> None:
    budget = Budget(None, 60.0, lambda: 0.0)
    budget.spend(1e9)
    assert budget.wait_s() == 0.0
    assert budget.share == 1.0
