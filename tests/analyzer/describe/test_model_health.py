"""Back-off: a model that fails is asked less, one that answers more again."""

from __future__ import annotations

import pytest

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.describe.model_health import ModelHealth, is_transient
from analyzer.describe.settings import MODEL_BACKOFF
from base.backoff import Backoff

DOWN = DescribeError("server is down", retryable=True)
UNFIT = DescribeError("a keyframe is not a JPEG")


class Clock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> ModelHealth:
    return ModelHealth(32, MODEL_BACKOFF, clock)


def test_requests_in_flight_are_halved_by_failures_and_grow_by_one_with_each_success(
    health: ModelHealth,
) -> None:
    assert health.max_in_flight == 4
    for _ in range(40):
        health.succeeded()
    assert health.max_in_flight == 32
    health.failed(DOWN)
    assert health.max_in_flight == 16


def test_pauses_grow_with_each_failure_in_a_row(health: ModelHealth, clock: Clock) -> None:
    for pause_s in (*MODEL_BACKOFF.pauses_s, MODEL_BACKOFF.longest_s):
        health.failed(DOWN)
        assert 0.75 * pause_s <= health.pause_s() <= pause_s
        clock.now_s += pause_s
        assert health.pause_s() <= 0.0


def test_a_model_is_down_after_three_failures_and_up_after_one_success(health: ModelHealth) -> None:
    blamed = [health.failed(DOWN) for _ in range(3)]
    assert blamed == [False, True, True]
    assert health.is_down
    assert (health.reason, health.max_in_flight) == ("server is down", 1)
    health.succeeded()
    assert not health.is_down
    assert health.reason is None


def test_a_refusal_takes_a_model_down_at_once(health: ModelHealth) -> None:
    health.failed(RefusedError("answers 401"))
    assert health.is_down


def test_windows_that_cannot_be_described_are_to_blame_until_ten_fail_in_a_row(health: ModelHealth) -> None:
    assert [health.failed(UNFIT) for _ in range(10)] == [False] * 9 + [True]
    assert health.is_down


def test_no_more_than_a_number_of_requests_fails_in_a_minute(clock: Clock) -> None:
    health = ModelHealth(1, Backoff((0.0,)), clock)
    failures = 0
    while health.pause_s() <= 0.0:
        health.failed(UNFIT)
        failures += 1
    assert failures == 60


def test_only_refusals_and_retryable_errors_are_transient() -> None:
    assert [is_transient(error) for error in (DOWN, RefusedError("key"), UNFIT)] == [True, True, False]


def test_a_server_that_says_when_to_ask_again_is_not_asked_before(health: ModelHealth, clock: Clock) -> None:
    health.failed(DescribeError("too many requests", retryable=True, retry_after_s=90.0))
    assert health.pause_s() == 90.0
    clock.now_s += 30.0
    health.failed(DOWN)  # another request, made before
    assert health.pause_s() == 60.0
