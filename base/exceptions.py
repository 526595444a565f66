"""Exceptions of libraries: what caused them, and how the clients of AWS (boto3, s3fs) name theirs.

The clients of AWS are optional: their exceptions are known by the names of their classes and bases, and
answers of a service by their code. What these exceptions say names accounts and roles, and is to be shown
nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator

AWS_NO_CREDENTIALS = frozenset({
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "UnknownCredentialError",
    "ProfileNotFound", "InfiniteLoopConfigError", "RefreshWithMFAUnsupportedError",
    "SSOError", "LoginError", "TokenRetrievalError", "NoAuthTokenError", "UnknownTokenProviderError",
})  # fmt: skip
"""Exceptions: no usable credentials are found in the environment, in files or by roles."""

AWS_REFUSED_CODES = frozenset({
    "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidAccessKeyId",
    "InvalidClientTokenId", "InvalidSecurity", "InvalidSignatureException", "InvalidToken",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "OptInRequired",
    "RequestTimeTooSkewed", "SignatureDoesNotMatch", "TokenRefreshRequired", "UnrecognizedClientException",
})  # fmt: skip
"""Codes: the service refuses the credentials."""

AWS_DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException"})
"""Codes: the credentials are valid, and do not permit the call."""

AWS_UNREACHABLE = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"})
"""Exceptions: no connection was made."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes, each once; of an exception group the first member."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        inner = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else None
        cause = inner or cause.__cause__ or cause.__context__
