"""Requests to an endpoint of Amazon SageMaker by InvokeEndpoint.

The model's container answers OpenAI's chat body, as vLLM's and those of SageMaker's large-model images do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from analyzer.describe.budget import Budget
from analyzer.describe.describer import DescribeError
from analyzer.describe.openai.client import FAILURES_PER_MINUTE, StatusError, UnreachableError
from analyzer.describe.openai.failure import contained_failure, messages, nature
from analyzer.describe.sagemaker.failure import ModelAnswer, as_failure, too_large
from analyzer.describe.settings import DescribeSettings
from base.daemon_thread import run_in_daemon_thread

# SageMaker refuses longer bodies (6 MB).
MAX_BYTES = 6_291_456
# It ends a request whose model has not answered after 60 s, and asks its clients to wait for that answer.
_READ_S = 70.0
_CONNECT_S = 5.0


class SageMakerClient:
    """An endpoint, in the place of a server with OpenAI's chat API.

    Attributes:
        name: of the endpoint, for messages.
    """

    def __init__(self, settings: DescribeSettings) -> None:
        """Raise DescribeError when the client is not installed, or no endpoint or region is named."""
        try:
            import boto3  # noqa: PLC0415  # an extra, and slow to import
            from botocore.config import Config  # noqa: PLC0415  # as above
            from botocore.exceptions import BotoCoreError  # noqa: PLC0415  # as above
        except ImportError as error:
            raise DescribeError(f"the AWS client is not installed ({error}): pip install '.[aws]'") from error
        if not settings.endpoint:
            raise DescribeError("describe.endpoint: name the endpoint of SageMaker that answers")
        self._endpoint = settings.endpoint
        self._model = settings.model
        self.name = f"SageMaker endpoint {settings.endpoint}"
        config = Config(
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"total_max_attempts": 1},  # whoever asks tries again
            max_pool_connections=settings.at_once,
        )
        try:
            # A session of its own, as the common one keeps the credentials that it has found first.
            session = boto3.Session(region_name=settings.region)
            self._runtime = session.client("sagemaker-runtime", config=config)
        except BotoCoreError as error:
            if type(error).__name__ == "NoRegionError":
                raise DescribeError("no AWS region: set describe.region, or AWS_DEFAULT_REGION") from error
            raise as_failure(self.name, error) from error
        except ValueError as error:  # of an address or a region
            raise DescribeError(f"{self.name}: its region or address cannot be used") from error
        self._failures = Budget(FAILURES_PER_MINUTE, 60.0, time.monotonic)

    async def models(self) -> Any:
        """Return the one model of the endpoint, which SageMaker does not name: the endpoint's own name."""
        return {"data": [{"id": self._model or self._endpoint}]}

    async def complete(self, body: Mapping[str, Any], extra: Mapping[str, Any]) -> Any:
        """Return a completion, unparsed; fields of ``extra`` override those of ``body``.

        Without a configured model none is named: the container takes its own. When cancelled, the request
        ends by itself within a minute, in a thread that nothing waits for. Raises DescribeError.
        """
        if self._failures.wait_s() > 0.0:
            message = f"{self.name} is not asked: {FAILURES_PER_MINUTE:g} requests failed within a minute"
            raise UnreachableError(message, retryable=True)
        named = {} if self._model else {"model"}
        question = {name: value for name, value in {**body, **extra}.items() if name not in named}
        data = json.dumps(question).encode()
        if len(data) > MAX_BYTES:
            raise too_large(self.name, len(data), MAX_BYTES)
        try:
            return self._read(await run_in_daemon_thread(partial(self._invoke, data)))
        except DescribeError:
            self._failures.spend(1.0)
            raise

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        self._runtime.close()

    def _invoke(self, data: bytes) -> bytes:
        """Ask; raises DescribeError."""
        try:
            answer = self._runtime.invoke_endpoint(
                EndpointName=self._endpoint,
                ContentType="application/json",
                Accept="application/json",
                Body=data,
            )
            content: bytes = answer["Body"].read()
        except Exception as error:
            raise as_failure(self.name, error) from error
        return content

    def _read(self, content: bytes) -> Any:
        answer = ModelAnswer(content)
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise DescribeError(f"{self.name} answers with {nature(answer)}", retryable=True) from error
        if status := contained_failure(value):
            raise StatusError(self.name, status, *messages(answer, str))
        return value
