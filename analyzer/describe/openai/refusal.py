"""Whether a server refuses one question or all of them, by its message and its status."""

from __future__ import annotations

import re

from analyzer.describe.describer import RefusedError
from analyzer.describe.openai.client import StatusError

NOT_UNDERSTOOD = frozenset({400, 415, 422})
# These concern one question. With any other status from 300 to 499 that will not pass by itself, key,
# account, address or model are wrong: no question is answered until that is corrected.
_OF_ONE_QUESTION = NOT_UNDERSTOOD | {413}
_ACCOUNT = re.compile(
    r"api[ _-]?key|insufficient_quota|current quota|billing|credit balance"
    r"|insufficient (?:balance|credit|funds)|payment required|not authori[sz]ed|unauthori[sz]ed",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model_not_found|no models? (?:is |are )?loaded|try pulling it"
    r"|\bmodel\b.{0,100}(?:not found|not exist|not loaded|is not available|decommissioned|deprecated)",
    re.IGNORECASE | re.DOTALL,
)


def names_account_or_model(text: str) -> bool:
    """Whether a failure's full text blames the key, the account or the model."""
    return bool(_ACCOUNT.search(text) or _NO_MODEL.search(text))


def refused_by_text(error: StatusError) -> RefusedError | None:
    """Return the error where the server's words say that all questions are refused, else None."""
    blamed = error.status < 500 and names_account_or_model(error.full_text)
    return RefusedError(str(error)) if blamed else None


def refused_by_status(error: StatusError) -> RefusedError | None:
    """Return the error where its status says that all questions are refused, else None."""
    if not 300 <= error.status < 500 or error.retryable or error.status in _OF_ONE_QUESTION:
        return None
    where = ": are base_url and model right?" if error.status in {404, 405} else ""
    return RefusedError(f"{error}{where}")
