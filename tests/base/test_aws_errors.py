"""The names of AWS's failures, as its own client has them."""

from __future__ import annotations

import re

import botocore.exceptions

from base.aws_errors import NO_CREDENTIALS, UNREACHABLE

# In the names of exceptions; a token is one of a login, a profile a set of credentials.
ABOUT_CREDENTIALS = re.compile("Credential|Profile|SSO|Token|Login|MFA")


def test_every_exception_about_credentials_is_known_by_its_name_or_by_that_of_a_base() -> None:
    kinds = [kind for name, kind in vars(botocore.exceptions).items() if ABOUT_CREDENTIALS.search(name)]
    assert len(kinds) > 10
    assert [kind for kind in kinds if not NO_CREDENTIALS & {base.__name__ for base in kind.__mro__}] == []


def test_every_name_is_one_of_the_client() -> None:
    assert {name for name in NO_CREDENTIALS | UNREACHABLE if not hasattr(botocore.exceptions, name)} == set()
