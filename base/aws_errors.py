"""How the clients of AWS (boto3, s3fs) name failures of credentials and of connections.

Exceptions are known by the names of their classes and bases, as the clients are optional, and answers of a
service by their code. What the exceptions say names accounts and roles, and is to be shown nowhere.
"""

from __future__ import annotations

NO_CREDENTIALS = frozenset({
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "UnknownCredentialError",
    "ProfileNotFound", "InfiniteLoopConfigError", "RefreshWithMFAUnsupportedError",
    "SSOError", "LoginError", "TokenRetrievalError", "NoAuthTokenError", "UnknownTokenProviderError",
})  # fmt: skip
"""Exceptions: no usable credentials are found in the environment, in files or by roles."""

REFUSED_CODES = frozenset({
    "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidAccessKeyId",
    "InvalidClientTokenId", "InvalidSecurity", "InvalidSignatureException", "InvalidToken",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "OptInRequired",
    "RequestTimeTooSkewed", "SignatureDoesNotMatch", "TokenRefreshRequired", "UnrecognizedClientException",
})  # fmt: skip
"""Codes: the service refuses the credentials."""

DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException"})
"""Codes: the credentials are valid, and do not permit the call."""

UNREACHABLE = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"})
"""Exceptions: no connection was made."""
