"""Feedback over real HTTP: stored and shown, checked as any change, and refused where there is no token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.reel.preference.feedback import Verdict
from analyzer.signal.window import Outcome
from livereel.ledger.records import PENDING
from sinks.web.settings import WebSettings
from tests.kit.records.moments import moment
from tests.kit.records.windows import measured
from tests.kit.web.site import TOKEN, Answer, Site, serving

ID = "front-0-00000"
BEARER = f"Bearer {TOKEN}"


def stored(site: Site) -> Site:
    told = moment(0)
    site.ledger.windows.add(told.window, PENDING)
    site.ledger.windows.end(told.window.id, Outcome.DESCRIBED, told)
    site.ledger.windows.add(measured(1, [(2.0, 900.0)]), PENDING)
    return site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A ledger with one moment and a window that waits, behind a token."""
    with serving(tmp_path_factory.mktemp("site"), WebSettings(port=0, token=TOKEN)) as it:
        yield stored(it)


def judge(site: Site, body: object, window_id: str = ID, **headers: str) -> Answer:
    return site.post(f"/api/moments/{window_id}/feedback", body, **{"authorization": BEARER, **headers})


def shown(site: Site) -> list[str | None]:
    (row,) = site.get("/api/moments", authorization=BEARER).json()["moments"]
    return [row["feedback"], site.get(f"/api/moments/{ID}", authorization=BEARER).json()["feedback"]]


def test_a_verdict_is_stored_and_shown_until_it_is_withdrawn(site: Site) -> None:
    assert shown(site) == [None, None]
    for verdict in ("keep", "dull", None):
        answer = judge(site, {"verdict": verdict})
        assert answer.status == 200
        assert answer.json() == {"window_id": ID, "verdict": verdict}
        assert shown(site) == [verdict, verdict]
    judge(site, {"verdict": "keep"})
    assert [it.verdict for it in site.ledger.feedback.judged()] == [Verdict.KEEP]
    judge(site, {"verdict": None})


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"verdict": "fine"}, 400, 'verdict: expected "keep", "dull" or null'),
        ({"verdict": ["keep"]}, 400, 'verdict: expected "keep", "dull" or null'),
        ({}, 400, "expected an object with verdict, and nothing else"),
        ({"verdict": "keep", "id": ID}, 400, "expected an object with verdict, and nothing else"),
        (["keep"], 400, "the body: expected a JSON object"),
        (b"", 400, "the body: expected a JSON object"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused(site: Site, body: object, status: int, said: str) -> None:
    answer = judge(site, body)
    assert (answer.status, answer.json()["error"]) == (status, said)
    assert site.ledger.feedback.judged() == []


@pytest.mark.parametrize("window_id", ["front-0-00001", "front-0-00009", "..%2f..%2fledger.db"])
def test_what_is_no_moment_is_not_found(site: Site, window_id: str) -> None:
    assert judge(site, {"verdict": "keep"}, window_id).status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://elsewhere.example"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"authorization": "Bearer wrong"}, 401),
    ],
)
def test_it_is_checked_as_any_change(site: Site, headers: dict[str, str], status: int) -> None:
    assert judge(site, {"verdict": "keep"}, **headers).status == status
    assert site.ledger.feedback.judged() == []


def test_without_a_token_nothing_is_changed_and_the_answer_says_how(tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        stored(site)
        answer = site.post(f"/api/moments/{ID}/feedback", {"verdict": "keep"})
        assert (answer.status, answer.json()) == (403, {"error": "set web.token to allow changes"})
        assert site.ledger.feedback.judged() == []
