"""An endpoint of SageMaker by its runtime's contract over HTTP: questions, limits, and each of its errors."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.describe.openai.client import StatusError, UnreachableError
from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.describe.sagemaker.client import MAX_BYTES, SageMakerClient
from analyzer.describe.settings import DescribeSettings
from tests.kit.models import sagemaker_runtime as runtime
from tests.kit.models.chat_server import GOOD, ChatServer
from tests.kit.models.model_server import Answer
from tests.kit.models.sagemaker_runtime import ACCOUNT, ENDPOINT, SageMaker, model_error
from tests.kit.records.keyframe_files import pictured

T = TypeVar("T")
TWELVE_S = tuple(0.5 + 0.75 * n for n in range(12))


def settings(**given: Any) -> DescribeSettings:
    wanted: dict[str, Any] = {"endpoint": ENDPOINT, "timeout_s": 30.0} | given
    return DescribeSettings(kind="sagemaker", **wanted)


def asked(service: SageMaker, use: Callable[[OpenAiDescriber], Awaitable[T]], **given: Any) -> T:
    """What comes of a describer that asks this service."""

    async def run() -> T:
        async with service.serving():
            it = settings(**given)
            describer = OpenAiDescriber(it, client=SageMakerClient(it))
            try:
                return await use(describer)
            finally:
                await describer.close()

    return asyncio.run(run())


def failed(service: SageMaker, folder: Path, **given: Any) -> DescribeError:
    """The error that a window ends with, in one line that names no account."""
    with pytest.raises(DescribeError) as caught:
        asked(service, lambda describer: describer.describe(pictured(folder)), **given)
    said = str(caught.value)
    assert "\n" not in said
    assert ACCOUNT not in said
    return caught.value


def test_a_window_is_described_by_the_same_body_as_a_server_gets(tmp_path: Path) -> None:
    service = SageMaker()
    moment = asked(service, lambda describer: describer.describe(pictured(tmp_path)))
    assert (moment.title, moment.model) == (GOOD["title"], ENDPOINT)
    (body,) = service.chat.asked
    assert "model" not in body, "the container takes its own"
    assert body["response_format"]["type"] == "json_schema"
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert any(part["type"] == "image_url" for part in body["messages"][1]["content"])
    assert all("/us-east-1/sagemaker/aws4_request" in signed for signed in service.signed)


def test_a_configured_model_is_named(tmp_path: Path) -> None:
    service = SageMaker()
    moment = asked(service, lambda describer: describer.describe(pictured(tmp_path)), model="adapter")
    assert (moment.model, service.chat.asked[0]["model"]) == ("adapter", "adapter")


def test_a_region_of_the_configuration_goes_before_that_of_the_environment(tmp_path: Path) -> None:
    service = SageMaker()
    asked(service, lambda describer: describer.describe(pictured(tmp_path)), region="eu-central-1")
    assert "/eu-central-1/sagemaker/aws4_request" in service.signed[0]


def test_a_schema_that_the_container_refuses_is_asked_for_in_words(tmp_path: Path) -> None:
    chat = ChatServer(refuse=lambda body: "no response_format here" if "response_format" in body else None)
    service = SageMaker(chat)

    async def use(describer: OpenAiDescriber) -> tuple[str, ...]:
        await describer.describe(pictured(tmp_path))
        return (await describer.probe()).fallbacks

    assert "asked for a schema in words" in asked(service, use)
    assert len(chat.asked) == 3, "it is learned"


def large(folder: Path) -> Any:
    """A window whose keyframes take more than SageMaker allows: noise, which JPEG does not shrink."""
    window = pictured(folder, times_s=TWELVE_S)
    import cv2  # noqa: PLC0415  # for this alone

    rng = np.random.default_rng(1)
    for keyframe in window.keyframes:
        noise = rng.integers(0, 255, (1200, 1600, 3), np.uint8)
        cv2.imwrite(str(keyframe.file), noise)
    return window


def test_what_is_larger_than_the_service_takes_is_never_sent(tmp_path: Path) -> None:
    service = SageMaker()
    moment = asked(service, lambda d: d.describe(large(tmp_path)), keyframe_px=4096, timeout_s=60.0)
    assert moment.title == GOOD["title"]
    assert len(service.sizes) == 1, "smaller pictures were made before anything was sent"
    assert service.sizes[0] <= MAX_BYTES


def test_a_body_that_the_service_refuses_for_its_size_is_sent_with_smaller_pictures(tmp_path: Path) -> None:
    service = SageMaker(refuses_above=900_000)
    asked(service, lambda describer: describer.describe(large(tmp_path)), timeout_s=60.0)
    assert service.sizes[0] > 900_000
    assert service.sizes[-1] <= 900_000


def test_a_model_that_takes_too_long_is_shown_less(tmp_path: Path) -> None:
    service = SageMaker()
    service.errors.append(runtime.LATE_MODEL)
    moment = asked(service, lambda describer: describer.describe(large(tmp_path)), timeout_s=60.0)
    assert moment.title == GOOD["title"]
    assert service.sizes[1] < service.sizes[0]


def test_a_model_that_always_takes_too_long_may_be_asked_again_later(tmp_path: Path) -> None:
    error = failed(SageMaker(always=runtime.LATE_MODEL), tmp_path)
    assert error.retryable
    assert "longer than the 60 s that SageMaker waits" in str(error)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (runtime.THROTTLED, r"answers 429: too many requests \(ThrottlingException\)"),
        (runtime.THROTTLED_429, r"answers 429: too many requests \(ThrottlingException\)"),
        (runtime.NOT_READY, "answers 429: ModelNotReadyException"),
        (runtime.UNAVAILABLE, "answers 503: ServiceUnavailable"),
        (runtime.FAILED, "answers 500: InternalFailure"),
        (model_error(503, '{"error": {"message": "the engine is dead"}}'), "answers 503: the engine is dead"),
        (model_error(429, '{"error": {"message": "queue is full"}}'), "answers 429: queue is full"),
        (model_error(0, ""), "answers 500: the model has failed"),
        (Answer("{it is no JSON"), "garbled"),
        (Answer({"error": {"message": "no room", "code": 503}}), "answers 503: no room"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_failure_that_may_pass_says_so(answer: Answer, reason: str, tmp_path: Path) -> None:
    error = failed(SageMaker(always=answer), tmp_path)
    assert error.retryable
    assert not isinstance(error, RefusedError)
    with pytest.raises(DescribeError, match=reason):
        raise error


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (runtime.DENIED, "access is denied: its role needs sagemaker:InvokeEndpoint"),
        (runtime.UNKNOWN_KEY, r"its AWS credentials are refused \(UnrecognizedClientException\)"),
        (runtime.EXPIRED, r"its AWS credentials are refused \(ExpiredTokenException\)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refusal_of_all_questions_is_one(answer: Answer, reason: str, tmp_path: Path) -> None:
    service = SageMaker(always=answer)
    error = failed(service, tmp_path)
    assert isinstance(error, RefusedError)
    assert len(service.sizes) == 1, "nothing else is tried"
    with pytest.raises(RefusedError, match=reason):
        raise error


def test_an_endpoint_that_is_not_there_is_named(tmp_path: Path) -> None:
    error = failed(SageMaker(), tmp_path, endpoint="gone")
    assert isinstance(error, RefusedError)
    assert str(error) == "SageMaker endpoint gone: there is no such endpoint in this account and region"
    assert isinstance(failed(SageMaker(), tmp_path, endpoint="no name"), RefusedError)


def test_the_model_refuses_one_question_in_its_own_words(tmp_path: Path) -> None:
    refused = SageMaker(ChatServer(refuse=lambda _: "this model sees nothing in it"))
    error = failed(refused, tmp_path)
    assert "this model sees nothing in it" in str(error)
    assert not error.retryable


def test_without_credentials_it_waits_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with SageMaker().serving() as service:
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")
            monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
            describer = OpenAiDescriber(settings(), client=SageMakerClient(settings()))
            with pytest.raises(RefusedError, match="no AWS credentials are found"):
                await describer.describe(pictured(tmp_path))
            await describer.close()
            assert service.sizes == []

    asyncio.run(run())


def test_a_profile_that_there_is_not_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in runtime.environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    with pytest.raises(RefusedError, match="no AWS credentials are found"):
        SageMakerClient(settings())


def test_a_service_out_of_reach_may_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in runtime.environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)

    async def run() -> None:
        describer = OpenAiDescriber(settings(), client=SageMakerClient(settings()))
        with pytest.raises(UnreachableError, match="cannot be reached") as caught:
            await describer.describe(pictured(tmp_path))
        assert caught.value.retryable
        await describer.close()

    asyncio.run(run())


def test_without_endpoint_region_or_extra_nothing_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in runtime.environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DescribeError, match=r"describe\.endpoint: name the endpoint"):
        SageMakerClient(settings(endpoint=None))
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(DescribeError, match=r"set describe\.region, or AWS_DEFAULT_REGION"):
        SageMakerClient(settings())
    monkeypatch.setitem(sys.modules, "boto3", None)  # as if it were not there
    with pytest.raises(DescribeError, match=r"not installed .*pip install '\.\[aws\]'"):
        SageMakerClient(settings())


def test_after_many_failures_it_is_not_asked_for_a_while(tmp_path: Path) -> None:
    service = SageMaker(always=runtime.THROTTLED)
    window = pictured(tmp_path)

    async def use(describer: OpenAiDescriber) -> list[str]:
        said = []
        for _ in range(130):
            try:
                await describer.describe(window)
            except StatusError as error:
                said.append(str(error))
            except UnreachableError as error:
                return [*said, str(error)]
        return said

    assert "is not asked: 120 requests failed within a minute" in asked(service, use)[-1]
    assert len(service.sizes) < 130
