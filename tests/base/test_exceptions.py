"""What caused an exception, and the names of AWS's failures, as its own client has them."""

from __future__ import annotations

import re

import botocore.exceptions

from base.exceptions import AWS_NO_CREDENTIALS, AWS_UNREACHABLE, causes

# In the names of exceptions; a token is one of a login, a profile a set of credentials.
ABOUT_CREDENTIALS = re.compile("Credential|Profile|SSO|Token|Login|MFA")


def test_every_exception_about_credentials_is_known_by_its_name_or_by_that_of_a_base() -> None:
    kinds = [kind for name, kind in vars(botocore.exceptions).items() if ABOUT_CREDENTIALS.search(name)]
    assert len(kinds) > 10
    assert [kind for kind in kinds if not AWS_NO_CREDENTIALS & {base.__name__ for base in kind.__mro__}] == []


def test_every_name_is_one_of_the_client() -> None:
    assert {
        name for name in AWS_NO_CREDENTIALS | AWS_UNREACHABLE if not hasattr(botocore.exceptions, name)
    } == set()


def test_causes_are_followed_into_the_first_of_several_and_each_comes_once() -> None:
    first, second, outer = OSError("first"), OSError("second"), ValueError("outer")
    group = ExceptionGroup("both", [first, second])
    outer.__cause__, first.__context__ = group, outer
    assert list(causes(outer)) == [outer, group, first]
