"""What the libraries of object stores raise as builtin exceptions, without a code."""

from __future__ import annotations

import pytest

from stream.objects.failure import explained

NO_ACCOUNT = "Must provide either a connection_string or account_name with credentials!!"
FORBIDDEN = "Forbidden: https://storage.googleapis.com/storage/v1/b/films/o/a\nx@y.com does not have access"


def chained(outer: Exception, cause: Exception) -> Exception:
    outer.__cause__ = cause
    return outer


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(
            chained(ValueError(f"unable to connect to account for {NO_ACCOUNT}"), ValueError(NO_ACCOUNT)),
            "no credentials are found for its store",
            id="adlfs-no-account",
        ),
        pytest.param(OSError(FORBIDDEN), "access is denied", id="gcsfs-403"),
        pytest.param(FileNotFoundError("films/a"), "there is no such object", id="gcsfs-404"),
        pytest.param(ValueError("films"), "not the address of an object", id="not-an-address"),
    ],
)
def test_it_is_one_clear_line_and_not_tried_again(error: Exception, reason: str) -> None:
    failure = explained(error)
    assert str(failure) == reason
    assert not failure.passing


def test_what_is_not_known_is_tried_again_and_names_no_address() -> None:
    failure = explained(OSError("https://films.example/?X-Amz-Signature=secret"))
    assert failure.passing
    assert "secret" not in str(failure)
