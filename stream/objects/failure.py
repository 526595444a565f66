"""What the libraries of object stores raise, as one clear line.

Exceptions are known by their names and by the store's error code: each store has a library of its own, which
is an extra. Their texts may hold addresses with signatures and are never shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from base.exceptions import AWS_DENIED_CODES, AWS_NO_CREDENTIALS, AWS_REFUSED_CODES, AWS_UNREACHABLE, causes

CHANGED = "it has changed while it was read"
# What is added here to the names of AWS is S3's, Google's and Azure's.
_NO_CREDENTIALS = AWS_NO_CREDENTIALS | {"DefaultCredentialsError", "ClientAuthenticationError"}
_REFUSED = AWS_REFUSED_CODES | {"AuthenticationFailed"}
_DENIED = AWS_DENIED_CODES | {"AllAccessDisabled", "AccountProblem", "AuthorizationFailure", "401", "403"}
_NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound"})
_NO_OBJECT = frozenset({"NoSuchKey", "NoSuchVersion", "BlobNotFound", "404"})
_CHANGED = frozenset({"PreconditionFailed", "ConditionNotMet", "412"})
_ELSEWHERE = frozenset({
    "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "301", "307",
})  # fmt: skip
_BUSY = frozenset({
    "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "ServerBusy", "OperationTimedOut",
    "429", "500", "502", "503", "504",
})  # fmt: skip
_UNREACHABLE = AWS_UNREACHABLE | {
    "ClientConnectorError", "ConnectionRefusedError", "ServiceRequestError", "gaierror",
}  # fmt: skip
_LATE = frozenset({"ReadTimeoutError", "TimeoutError", "FSTimeoutError", "ServiceResponseTimeoutError"})
_LOST = frozenset({
    "ConnectionClosedError", "ClientPayloadError", "ServerDisconnectedError", "IncompleteReadError",
    "IncompleteRead", "ResponseStreamingError", "ContentLengthError", "ConnectionError", "HTTPClientError",
    "ClientError", "ServiceResponseError",
})  # fmt: skip
_MEANINGLESS = frozenset({"ParamValidationError", "ValueError", "InvalidBucketName", "InvalidURI"})
# Where adlfs and gcsfs raise a builtin exception without a code: how its text begins, or that of its cause.
_NO_ACCOUNT, _FORBIDDEN = "Must provide either a connection_string or account_name", "Forbidden:"
_CODE = re.compile(r"[A-Za-z0-9.]{1,60}")


class ObjectError(Exception):
    """An object store refuses or fails; the message is one clear line without secrets.

    Attributes:
        passing: whether trying again may help.
        exists: an object that was to be new is there already.
        changed: it is not the version that was opened.
    """

    def __init__(self, reason: str, *, passing: bool = False, exists: bool = False) -> None:
        super().__init__(reason)
        self.passing = passing
        self.changed = reason == CHANGED
        self.exists = exists


def explained(error: BaseException) -> ObjectError:
    """Return any exception of a store's library as an ObjectError."""
    if isinstance(error, ObjectError):
        return error
    code = _code(error)
    texts = [str(cause) for cause in causes(error)]
    if any(text.startswith(_NO_ACCOUNT) for text in texts):
        return ObjectError("no credentials are found for its store")
    if any(text.startswith(_FORBIDDEN) for text in texts):
        return ObjectError("access is denied")
    if isinstance(error, FileExistsError):  # of a condition, too
        return ObjectError("it exists already", exists=True)
    for codes, failure in (
        (_CHANGED, ObjectError(CHANGED)),
        (_NO_BUCKET, ObjectError("there is no such bucket")),
        (_NO_OBJECT, ObjectError("there is no such object")),
        (_REFUSED, ObjectError(f"its credentials are refused ({code})")),
        (_DENIED, ObjectError("access is denied")),
        (_ELSEWHERE, ObjectError("its bucket is in another region: set AWS_DEFAULT_REGION")),
        (_MEANINGLESS, ObjectError("not the address of an object")),
        (_BUSY, ObjectError(f"the store is busy ({code})", passing=True)),
    ):
        if code in codes:
            return failure
    return _by_kind({kind.__name__ for it in causes(error) for kind in type(it).__mro__}, error, code)


def _by_kind(kinds: set[str], error: BaseException, code: str) -> ObjectError:
    for names, failure in (
        (frozenset({"FileExpired"}), ObjectError(CHANGED)),
        (_NO_CREDENTIALS, ObjectError("no credentials are found for its store")),
        (frozenset({"FileNotFoundError"}), ObjectError("there is no such object")),
        (frozenset({"PermissionError"}), ObjectError("access is denied")),
        (_UNREACHABLE, ObjectError("its store cannot be reached", passing=True)),
        (_LATE, ObjectError("no answer in time", passing=True)),
        (_LOST, ObjectError("the connection was lost", passing=True)),
        (_MEANINGLESS, ObjectError("not the address of an object")),
    ):
        if names & kinds:
            return failure
    return ObjectError(f"its store fails ({code or type(error).__name__})", passing=True)


def _code(error: BaseException) -> str:
    """Return the store's code, or the HTTP status, of an error or of its cause; "" where there is none."""
    for cause in causes(error):
        response = getattr(cause, "response", None)
        if isinstance(response, Mapping):  # botocore
            return _shown(response.get("Error", {}).get("Code"))
        stated = vars(cause) if hasattr(cause, "__dict__") else {}
        for name in ("error_code", "code", "status_code"):  # Azure, Google, Azure without a body
            if found := _shown(stated.get(name)):
                return found
    return ""


def _shown(code: Any) -> str:
    text = str(getattr(code, "value", code))
    return text if code and _CODE.fullmatch(text) else ""
