"""SageMaker's runtime over real HTTP: InvokeEndpoint before a chat server, with the service's own errors.

The bodies and headers are those of the service's model (``sagemaker-runtime``, 2017-05-13): an error has its
name in the header ``x-amzn-ErrorType``, and a model's own failure is a ``ModelError`` with status 424.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.kit.models.chat_server import ChatServer
from tests.kit.models.model_server import Answer
from tests.kit.models.wire import Request, read_request, served

ENDPOINT = "qwen-vl"
ACCOUNT = "123456789012"
MAX_BYTES = 6_291_456
_READ_BYTES = 2**24


def service_error(name: str, status: int, message: str, **more: Any) -> Answer:
    """An error of the service."""
    return Answer({"Message": message, **more}, status, headers={"x-amzn-ErrorType": name})


def model_error(status: int, message: str) -> Answer:
    """A failure of the model's container, of which the service makes a ModelError."""
    side = "client" if status < 500 else "server"
    said = f'Received {side} error ({status}) from primary with message "{message}" in account {ACCOUNT}.'
    return service_error(
        "ModelError",
        424,
        said,
        OriginalStatusCode=status,
        OriginalMessage=message,
        LogStreamArn=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints/{ENDPOINT}",
    )


THROTTLED = service_error("ThrottlingException", 400, "Rate exceeded")
THROTTLED_429 = service_error("ThrottlingException", 429, "Too Many Requests")
NOT_READY = service_error("ModelNotReadyException", 429, "The model is not ready for inference yet.")
UNAVAILABLE = service_error("ServiceUnavailable", 503, "The service is unavailable.")
FAILED = service_error("InternalFailure", 500, "An internal failure occurred.")
DENIED = service_error(
    "AccessDeniedException",
    403,
    f"User: arn:aws:iam::{ACCOUNT}:user/camera is not authorized to perform: sagemaker:InvokeEndpoint",
)
UNKNOWN_KEY = service_error(
    "UnrecognizedClientException", 403, "The security token included in the request is invalid."
)
EXPIRED = service_error("ExpiredTokenException", 403, "The security token included in the request is expired")
LATE_MODEL = service_error(
    "ModelError",
    424,
    'Received server error (0) from primary with message "Your invocation timed out while waiting for a'
    ' response from container primary."',
    OriginalStatusCode=0,
    OriginalMessage="Your invocation timed out while waiting for a response from container primary.",
)


@dataclass
class SageMaker:
    """Answers InvokeEndpoint by what the model's container answers; errors of its own come first.

    Attributes:
        chat: the container, unless there is another one.
        container: address of another one, such as vLLM's server, which is asked for ``/invocations``.
        errors: of the next requests, one each.
        always: the error of all other requests.
        refuses_above: bytes of a body that the service does not take.
        signed: Authorization headers of the requests, without the signature.
        sizes: bytes of the bodies.
        url: where it listens.
    """

    chat: ChatServer = field(default_factory=ChatServer)
    container: str | None = None
    errors: deque[Answer] = field(default_factory=deque)
    always: Answer | None = None
    refuses_above: int = MAX_BYTES
    signed: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    url: str = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[SageMaker]:
        """Serve on a free port until the end of the block; the environment points to it."""
        with pytest.MonkeyPatch.context() as patch:
            async with served(self._serve, limit=_READ_BYTES) as url:
                self.url = url.removesuffix("/v1")
                for name, value in environment(self.url).items():
                    patch.setenv(name, value)
                yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        if request is not None:
            writer.write(await self._answer(request))
            await writer.drain()
        writer.close()

    async def _answer(self, request: Request) -> bytes:
        self.signed.append(request.headers.get("authorization", "").partition(", Signature")[0])
        self.sizes.append(len(request.body))
        error = self.errors.popleft() if self.errors else self.always
        if error is not None:
            return error.encoded()
        if request.target != f"/endpoints/{ENDPOINT}/invocations":
            name = request.target.split("/")[2]
            said = f"Endpoint {name} of account {ACCOUNT} not found."
            return service_error("ValidationError", 400, said).encoded()
        if len(request.body) > self.refuses_above:
            said = f"Value at 'body' failed to satisfy constraint: length of at most {MAX_BYTES}"
            return service_error("ValidationError", 400, said).encoded()
        return await self._of_model(request)

    async def _of_model(self, request: Request) -> bytes:
        answer = self.chat.answer(request) if self.container is None else await self._contained(request.body)
        status, body = int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]
        return answer if status == 200 else model_error(status, body.decode()).encoded()

    async def _contained(self, body: bytes) -> bytes:
        """The container's response to ``/invocations``, as SageMaker asks it."""
        parts = urlsplit(self.container or "")
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            head = f"POST /invocations HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
            writer.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()


def environment(url: str) -> dict[str, str]:
    """Return the variables by which the AWS client finds the service and its credentials."""
    return {
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": url,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "a/secret+that=appears*nowhere",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
