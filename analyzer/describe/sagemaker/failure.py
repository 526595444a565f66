"""What the AWS client raises, as DescribeErrors.

Its own messages name accounts and roles, and are not shown; those of the model are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.describe.openai.client import StatusError, UnreachableError
from analyzer.describe.openai.failure import messages
from base.exceptions import AWS_DENIED_CODES, AWS_NO_CREDENTIALS, AWS_REFUSED_CODES, AWS_UNREACHABLE

TOO_LARGE = 413
_BUSY = 429
_THROTTLED = frozenset({
    "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded",
})  # fmt: skip
_NO_ENDPOINT = re.compile(r"endpoint .{0,200}not found|not find .{0,40}endpoint", re.IGNORECASE | re.DOTALL)
_SIZE = re.compile(
    r"too large|payload|exceed|body.{0,80}(?:length|size)|length constraint", re.IGNORECASE | re.DOTALL
)
_LATE = re.compile(r"timed out|time-?out", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What a model's container answers, in the form in which a server's response is read."""

    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    status_code: int = 200

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode(errors="replace")


def as_failure(name: str, error: Exception) -> DescribeError:
    """Return an exception of the AWS client as a DescribeError that begins with the endpoint's name."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        return _of_service(name, response)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & AWS_NO_CREDENTIALS:
        return RefusedError(f"{name}: no AWS credentials are found")
    if kinds & AWS_UNREACHABLE:
        return UnreachableError(f"{name} cannot be reached", retryable=True)
    if "ReadTimeoutError" in kinds:
        return too_slow(name)
    if "ParamValidationError" in kinds:
        return RefusedError(f"{name}: this cannot be the name of an endpoint")
    return DescribeError(f"{name} gives no proper answer ({type(error).__name__})", retryable=True)


def too_large(name: str, size_bytes: int, most_bytes: int) -> StatusError:
    """Return the failure of a question that SageMaker would not take."""
    said = f"the question has {size_bytes} bytes, and SageMaker takes {most_bytes}"
    return StatusError(name, TOO_LARGE, said)


def too_slow(name: str) -> StatusError:
    """Return the failure of a question that takes the model too long: one with less to see may not."""
    error = StatusError(name, TOO_LARGE, "the model takes longer than the 60 s that SageMaker waits")
    error.retryable = True
    return error


def _of_service(name: str, response: Mapping[str, Any]) -> DescribeError:
    stated = response.get("Error", {})
    code, text = str(stated.get("Code")), str(stated.get("Message"))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 500)
    if code == "ModelError":
        return _of_model(name, response, text)
    if refused := _refused(code, text):
        return RefusedError(f"{name}: {refused}")
    if code in _THROTTLED:
        return StatusError(name, _BUSY, f"too many requests ({code})")
    if status < 500 and status != _BUSY and _SIZE.search(text):
        return StatusError(name, TOO_LARGE, "the question is too large for SageMaker", text)
    return StatusError(name, status, code)


def _refused(code: str, text: str) -> str | None:
    """Return why no question is answered until account, endpoint or configuration are corrected."""
    if code in AWS_DENIED_CODES:
        return "access is denied: its role needs sagemaker:InvokeEndpoint"
    if code in AWS_REFUSED_CODES:
        return f"its AWS credentials are refused ({code})"
    return "there is no such endpoint in this account and region" if _NO_ENDPOINT.search(text) else None


def _of_model(name: str, response: Mapping[str, Any], text: str) -> DescribeError:
    """Return what the model's own container has answered, with its own status."""
    status = int(response.get("OriginalStatusCode") or 0)
    said = str(response.get("OriginalMessage") or "")
    if _LATE.search(said or text) and (not status or status >= 500):
        return too_slow(name)
    if not status:
        return StatusError(name, 500, "the model has failed")
    shown, full = messages(ModelAnswer(said.encode(), status_code=status), str)
    return StatusError(name, status, shown, full)
