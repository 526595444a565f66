"""The description of the API: it is valid, complete, and what the server answers fits it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from analyzer.reel.records import Gap, GapReason
from analyzer.signal.sound.record import Speech
from analyzer.signal.window import Outcome
from livereel.ledger.records import PENDING
from livereel.live.archive import LedgerArchive
from livereel.live.live_views import LiveViews
from livereel.replay.tuner import LedgerTuner
from sinks.web import api, live
from sinks.web.access import Guard
from sinks.web.settings import WebSettings
from sinks.web.tuning import feedback, replay
from tests.kit.records.events import moment_now, now_utc, reel_in, watching
from tests.kit.records.moments import heard
from tests.kit.web.site import CAMERAS, VERSION, Site, idle, jobs_of, serving


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A ledger with a moment, a gap and a reel."""
    with serving(tmp_path_factory.mktemp("site")) as it:
        told = heard(moment_now(1), Speech(12.0, 13.5, "Open the gate."), Speech(15.0, 20.0))
        it.ledger.windows.add(told.window, PENDING)
        it.ledger.windows.end(told.window.id, Outcome.DESCRIBED, told)
        it.ledger.gaps.add(Gap("front", now_utc(300), now_utc(200), GapReason.SOURCE_DOWN))
        it.ledger.reels.add(reel_in(it.ledger.data))
        it.take(watching(), told.window, told)
        yield it


@pytest.fixture(scope="module")
def described(site: Site) -> dict[str, Any]:
    answer: dict[str, Any] = site.get("/openapi.json").json()
    return answer


def test_the_document_is_valid_openapi(described: dict[str, Any]) -> None:
    validate(described)
    assert described["info"]["version"] == VERSION


def test_it_lists_every_route_of_the_api(site: Site, described: dict[str, Any]) -> None:
    listed = {(path, method.upper()) for path, own in described["paths"].items() for method in own}
    archive = LedgerArchive(site.ledger, CAMERAS)
    run = idle(site.ledger, CAMERAS)
    board = site.sink.board
    routes = [*api.routes(archive, board, run.reels), *live.routes(LiveViews(run.cameras), board)]
    routes += replay.routes(archive, LedgerTuner(site.ledger, jobs_of(site.ledger, CAMERAS)))
    routes += feedback.routes(site.ledger.feedback, Guard(WebSettings()))
    served = {(route.path, method) for route in routes for method in route.methods or ()}
    assert listed == {it for it in served if it[1] != "HEAD"}


@pytest.mark.parametrize(
    "path",
    [
        "/api/cameras",
        "/api/cameras/front/windows",
        "/api/moments?q=mover&limit=5",
        "/api/moments/front-0-00001",
        "/api/timeline",
        "/api/timeline?short=1&parts=100",
        "/api/sounds?parts=1440",
        "/api/gaps",
        "/api/reels",
        "/api/reels/front",
    ],
)
def test_what_is_answered_fits_its_schema(site: Site, described: dict[str, Any], path: str) -> None:
    answer = site.get(path)
    assert answer.status == 200
    known = path.partition("?")[0].replace("front-0-00001", "{window_id}")
    known = known.replace("reels/front", "reels/{reel_id}").replace("cameras/front", "cameras/{name}")
    schema = described["paths"][known]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": described["components"]}).validate(answer.json())


def test_speech_is_answered_as_it_was_stored(site: Site) -> None:
    sound = site.get("/api/moments/front-0-00001").json()["sound"]
    assert sound["speech"] == [
        {"start_s": 12.0, "end_s": 13.5, "text": "Open the gate."},
        {"start_s": 15.0, "end_s": 20.0, "text": ""},
    ]


def test_an_error_fits_its_schema(site: Site, described: dict[str, Any]) -> None:
    answer = site.get("/api/moments?limit=0")
    assert answer.status == 400
    schema = described["components"]["schemas"]["Error"]
    Draft202012Validator(schema).validate(answer.json())


def test_a_page_shows_it_to_people(site: Site) -> None:
    page = site.get("/api").text
    assert "GET /api/timeline" in page
    assert "POST /api/reels" in page
