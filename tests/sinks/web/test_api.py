"""The JSON API over real HTTP: each endpoint, each wrong parameter, and the stream of events."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from analyzer.describe.moment import Moment
from analyzer.reel.records import Gap, GapReason
from analyzer.signal.window import Clip, Keyframe, Outcome
from base.clock import utc_after
from livereel.ledger.records import PENDING
from sinks.web.board import MAX_WAITING
from tests.kit.program.live_run import LONG_S, until
from tests.kit.records.events import (
    JPEG,
    keyframe_preview,
    moment_now,
    motion_changed,
    now_utc,
    reel_in,
    watching,
)
from tests.kit.records.moments import moment
from tests.kit.records.windows import START_UTC, measured
from tests.kit.web.site import Site, serving

HOUR_LATER = utc_after(START_UTC, 3600.0)


def store(site: Site, told: Moment) -> None:
    site.ledger.windows.add(told.window, PENDING)
    site.ledger.windows.end(told.window.id, Outcome.DESCRIBED, told)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A ledger of an hour in March: three moments, a quiet window, a gap, and two reels."""
    with serving(tmp_path_factory.mktemp("site")) as it:
        data = it.ledger.data
        picture = data / "keyframes" / "one.jpg"
        picture.parent.mkdir(exist_ok=True)
        picture.write_bytes(JPEG)
        red = moment(0, title="A red car parks", tags=["car"], importance=3.2)
        frames = tuple(Keyframe(at_s, value, picture) for at_s, value in ((1.0, 5.0), (4.0, 9.0), (6.0, 7.0)))
        clip = Clip(data / "clips" / "one.mp4", 0.0)
        store(it, replace(red, window=replace(red.window, keyframes=frames, clip=clip)))
        store(it, replace(moment(1, title="Two people walk", importance=6.9), alerts=("someone is there",)))
        store(it, moment(2, title="A dog", tags=["dog"], importance=5.0, camera="yard-2"))
        it.ledger.windows.add(measured(3), Outcome.QUIET)
        gap = Gap("front", utc_after(START_UTC, 40.0), utc_after(START_UTC, 70.0), GapReason.SOURCE_DOWN)
        it.ledger.gaps.add(gap)
        for seq in (1, 2):
            it.ledger.reels.add(reel_in(data, seq=seq))
        yield it


def titles(site: Site, query: str) -> list[str]:
    answer = site.get(f"/api/moments?{query}")
    assert answer.status == 200, answer.text
    return [row["title"] for row in answer.json()["moments"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["A dog", "Two people walk", "A red car parks"]),
        ("q=cars", ["A red car parks"]),
        ("q=%22red+car%22", ["A red car parks"]),
        ("q=%22+*+)(", ["A dog", "Two people walk", "A red car parks"]),  # no word: no condition
        ("q=tyrannosaurus", []),
        ("camera=yard-2", ["A dog"]),
        ("camera=front&camera=yard-2&limit=2", ["A dog", "Two people walk"]),
        ("camera=", ["A dog", "Two people walk", "A red car parks"]),  # the form's choice of all
        ("tag=dog", ["A dog"]),
        ("tag=dog&tag=car", ["A dog", "A red car parks"]),
        ("min_importance=5", ["A dog", "Two people walk"]),
        ("min_importance=", ["A dog", "Two people walk", "A red car parks"]),
        ("alerts=1", ["Two people walk"]),
        (f"since={utc_after(START_UTC, 10.0)}", ["A dog", "Two people walk"]),
        (f"until={utc_after(START_UTC, 10.0)}", ["A red car parks"]),
        ("since=2026-03-12T15:00:10%2B01:00", ["A dog", "Two people walk"]),
        ("since=2026-03-12T15:00:10+01:00", ["A dog", "Two people walk"]),  # a + that is not escaped
        ("limit=1", ["A dog"]),
    ],
)
def test_moments_are_found(query: str, found: list[str], site: Site) -> None:
    assert titles(site, query) == found


WRONG = {
    "/api/moments?limit=0": "limit: expected 1 to 500",
    "/api/moments?limit=501": "limit: expected 1 to 500",
    "/api/moments?limit=000000001000000": "limit: expected 1 to 500",
    f"/api/moments?limit={'9' * 6000}": "limit: expected 1 to 500",
    "/api/moments?limit=%C2%B2": "limit: expected 1 to 500",
    "/api/moments?limit=-1": "limit: expected 1 to 500",
    "/api/moments?limit=ten": "limit: expected 1 to 500",
    "/api/moments?min_importance=high": "min_importance: expected a number from 0 to 10",
    "/api/moments?min_importance=11": "min_importance: expected a number from 0 to 10",
    "/api/moments?min_importance=-1": "min_importance: expected a number from 0 to 10",
    "/api/moments?min_importance=nan": "min_importance: expected a number from 0 to 10",
    "/api/moments?min_importance=inf": "min_importance: expected a number from 0 to 10",
    "/api/moments?camera=nobody": "camera: expected one of front, yard-2",
    "/api/moments?since=yesterday": "since: expected a time such as 2026-01-31T14:00:00Z",
    "/api/moments?until=2026-13-01": "until: expected a time such as 2026-01-31T14:00:00Z",
    "/api/moments?since=0001-01-01T00:00%2B14:00": "since: expected a time such as 2026-01-31T14:00:00Z",
    f"/api/moments?q={'x' * 501}": "q: at most 500 characters",
    "/timeline?limit=0": "limit: expected 1 to 500",
    "/timeline?camera=nobody": "camera: expected one of front, yard-2",
    "/api/timeline?camera=nobody": "camera: expected one of front, yard-2",
    "/api/timeline?since=x": "since: expected a time such as 2026-01-31T14:00:00Z",
    f"/api/timeline?since={HOUR_LATER}&until={START_UTC}": "until: must be after since, by 31 days at most",
    f"/api/timeline?since={START_UTC}&until=2026-05-01": "until: must be after since, by 31 days at most",
    "/api/timeline?until=0001-01-01": "until: expected a later time",
    "/api/timeline?parts=0": "parts: expected 1 to 1440",
    "/api/gaps?since=x": "since: expected a time such as 2026-01-31T14:00:00Z",
    "/api/reels?limit=x": "limit: expected 1 to 500",
    "/api/reels/front?seq=x": "seq: expected 1 to 9223372036854775807",
    "/api/reels/front?seq=9223372036854775808": "seq: expected 1 to 9223372036854775807",
    "/reels/front?seq=-1": "seq: expected 1 to 9223372036854775807",
}


@pytest.mark.parametrize("path", WRONG)
def test_a_wrong_parameter_is_one_line(path: str, site: Site) -> None:
    answer = site.get(path)
    said = answer.json()["error"] if path.startswith("/api") else answer.text.removesuffix("\n")
    assert (answer.status, said) == (400, WRONG[path])


NOT_BEFORE = "since_utc: expected a time before until_utc, such as 2026-01-31T14:00:00Z"
NO_SINCE = "since_utc: expected a time before until_utc, such as 2026-01-31T14:00:00Z"
NO_UNTIL = "until_utc: expected a time such as 2026-01-31T14:00:00Z"
BODIES: list[tuple[bytes, str]] = [
    (b"", "the body: expected a JSON object"),
    (b"[]", "the body: expected a JSON object"),
    (b"{", "the body: expected a JSON object"),
    (b"\xff\xfe", "the body: expected a JSON object"),
    (b"[" * 60_000, "the body: expected a JSON object"),
    (b"{}", NOT_BEFORE),
    (b'{"since_utc": 5}', "since_utc: expected a time such as 2026-01-31T14:00:00Z"),
    (b'{"since_utc": "2999-01-01"}', NOT_BEFORE),
    (b'{"since_utc": "2026-01-01", "until_utc": []}', NO_UNTIL),
    (b'{"since_utc": "2026-01-01", "until_utc": ""}', NO_UNTIL),
    (b'{"name": "day"}', "name: expected one of front, yard-2, all"),
    (b'{"name": ["all"]}', "name: expected one of front, yard-2, all"),
    (b'{"name": "all", "until_utc": "2026-01-01"}', NO_SINCE),
    (b'{"since_utc": "2026-01-01", "cameras": "front"}', "cameras: expected some of front, yard-2"),
    (b'{"since_utc": "2026-01-01", "cameras": 5}', "cameras: expected some of front, yard-2"),
    (b'{"since_utc": "2026-01-01", "cameras": {"front": 1}}', "cameras: expected some of front, yard-2"),
    (b'{"since_utc": "2026-01-01", "cameras": [["front"]]}', "cameras: expected some of front, yard-2"),
    (b'{"since_utc": "2026-01-01", "cameras": ["front", "x"]}', "cameras: expected some of front, yard-2"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "said"), BODIES, ids=lambda value: str(value)[:50])
def test_a_wrong_request_for_a_reel_is_one_line(body: bytes, said: str, site: Site) -> None:
    answer = site.post("/api/reels", body)
    assert (answer.status, answer.json()) == (400, {"error": said})


def test_a_reel_of_a_time_in_which_nothing_happened_is_not_made(site: Site) -> None:
    body = {"since_utc": "2020-01-01", "until_utc": "2020-01-02", "cameras": ["front"]}
    answer = site.post("/api/reels", body)
    assert (answer.status, answer.json()) == (404, {"error": "nothing to show happened in that time"})


@pytest.mark.parametrize(
    "path", ["/api/moments/none", "/api/reels/none", "/api/reels/front?seq=9", "/reels/none"]
)
def test_what_does_not_exist_is_404(path: str, site: Site) -> None:
    assert site.get(path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_what_is_only_read_cannot_be_changed(method: str, site: Site) -> None:
    assert site.ask("/api/moments", method, body=b"{}").status == 405


def test_a_moment_names_its_strongest_keyframe(site: Site) -> None:
    row = site.get("/api/moments/front-0-00000").json()
    assert (row["title"], row["strongest"], len(row["keyframes"])) == ("A red car parks", 1, 3)
    assert site.get("/media/keyframes/front-0-00000/1.jpg").body == JPEG
    assert site.get("/media/keyframes/front-0-00000/3.jpg").status == 404
    assert site.get("/api/moments/front-0-00001").json()["strongest"] is None
    shown = site.get("/timeline?q=red").text
    assert 'data-peak="4.0"' in shown
    assert "/media/keyframes/front-0-00000/1.jpg" in shown


def test_a_moment_whose_files_were_removed_leads_nowhere(tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        picture = tmp_path / "one.jpg"
        picture.write_bytes(JPEG)
        old = moment(0, title="A red car parks")
        window = replace(
            old.window, keyframes=(Keyframe(1.0, 5.0, picture),), clip=Clip(tmp_path / "one.mp4", 0.0)
        )
        store(site, replace(old, window=window))
        site.ledger.windows.drop_files([window])
        shown = site.get("/timeline").text
        assert "A red car parks" in shown
        assert "its clip has been removed" in shown
        assert "/media/" not in shown


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 3), ("q=red", 1), ("limit=1", 3), ("q=people&camera=yard-2", 0), ("alerts=1", 1)],
)
def test_matching_moments_are_counted_where_that_is_asked_for(query: str, count: int, site: Site) -> None:
    assert site.get(f"/api/moments?{query}&count=1").json()["count"] == count
    assert "count" not in site.get(f"/api/moments?{query}").json()


def test_the_timeline_has_the_spans_of_each_camera(site: Site) -> None:
    day = site.get(f"/api/timeline?since={START_UTC}&until={HOUR_LATER}").json()
    states = {name: [span["state"] for span in spans] for name, spans in day["cameras"].items()}
    assert states == {"front": ["described", "quiet", "source_down"], "yard-2": ["described"]}
    alone = site.get(f"/api/timeline?since={START_UTC}&until={HOUR_LATER}&camera=yard-2").json()
    assert list(alone["cameras"]) == ["yard-2"]


def test_spans_shorter_than_a_part_of_the_time_are_joined(tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        for index in range(4):
            outcome = Outcome.DESCRIBED if index == 1 else Outcome.QUIET
            site.ledger.windows.add(measured(index, [(2.0, 900.0)] if index == 1 else ()), outcome)
        found = {
            parts: site.get(
                f"/api/timeline?since={START_UTC}&until={HOUR_LATER}&camera=front&parts={parts}"
            ).json()["cameras"]["front"]
            for parts in (1440, 2)
        }
    assert [span["state"] for span in found[1440]] == ["quiet", "described", "quiet"]
    assert [span["state"] for span in found[2]] == ["described"]


def test_short_spans_say_the_same(site: Site) -> None:
    wanted = f"/api/timeline?since={START_UTC}&until={HOUR_LATER}"
    long, short = site.get(wanted).json(), site.get(f"{wanted}&short=1").json()
    for name, spans in long["cameras"].items():
        assert [[state, observed == 1] for state, observed, _, _ in short["cameras"][name]] == [
            [span["state"], span["observed"]] for span in spans
        ]
        starts = [utc_after(START_UTC, start_s) for _, _, start_s, _ in short["cameras"][name]]
        assert starts == [span["start_utc"] for span in spans]


def test_gaps_are_listed(site: Site) -> None:
    (gap,) = site.get(f"/api/gaps?since={START_UTC}").json()["gaps"]
    assert (gap["camera"], gap["reason"]) == ("front", "source_down")


def test_reels_by_name_are_listed_with_their_times(site: Site) -> None:
    named = site.get("/api/reels").json()["named"]
    assert [(reel["name"], reel["cameras"], reel["schedule"]) for reel in named] == [
        ("front", ["front"], "every hour"),
        ("yard-2", ["yard-2"], "every hour"),
        ("all", ["front", "yard-2"], "every hour"),
    ]
    assert all(reel["next_utc"] > now_utc() for reel in named)
    assert [reel["seq"] for reel in site.get("/api/reels?name=front").json()["reels"]] == [2, 1]
    assert site.get("/api/reels?name=all").json()["reels"] == []
    assert site.get("/api/reels/all").status == 404
    assert "No reel yet" in site.get("/reels/all").text


def test_a_reel_by_its_name_is_not_made_where_nothing_has_happened(site: Site) -> None:
    answer = site.post("/api/reels", {"name": "all"})
    assert (answer.status, answer.json()) == (404, {"error": "nothing new to show has happened"})


def test_reels_are_listed_the_newest_first(site: Site) -> None:
    assert [reel["seq"] for reel in site.get("/api/reels").json()["reels"]] == [2, 1]
    assert len(site.get("/api/reels?limit=1").json()["reels"]) == 1
    assert site.get("/api/reels/front").json()["seq"] == 2
    assert site.get("/api/reels/front?seq=1").json()["seq"] == 1
    assert site.get("/media/reels/front/1/reel.mp4").body == b"a video"


def test_cameras_are_as_they_are_now(tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        assert site.get("/media/preview/front.jpg").status == 404, "there is no picture yet"
        site.take(watching(), keyframe_preview())
        front, yard = site.get("/api/cameras").json()["cameras"]
        assert (front["state"], yard["state"]) == ("watching", "connecting")
        assert site.get("/media/preview/front.jpg").body == JPEG
        assert site.get("/media/preview/nobody.jpg").status == 404


# Events


@contextmanager
def stream(site: Site) -> Iterator[socket.socket]:
    """An open stream of events, whose page is known to the board."""
    pages = site.sink.board.pages
    with closing(socket.create_connection(("127.0.0.1", site.port), LONG_S)) as client:
        request = f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nConnection: close\r\n\r\n"
        client.sendall(request.encode())
        until(lambda: site.sink.board.pages == pages + 1, "the page")
        yield client


def events(client: socket.socket) -> Iterator[tuple[str, Any]]:
    """The events of a stream, as they come."""
    name = ""
    for line in client.makefile("r", encoding="utf-8", newline="\n"):
        key, _, value = line.strip().partition(": ")
        if key == "event":
            name = value
        elif key == "data":
            yield name, json.loads(value)


def test_a_moment_is_delivered(tmp_path: Path) -> None:
    told = replace(moment_now(1), title="Zeile 1\nevent: forged\ndata: {}")
    with serving(tmp_path) as site, stream(site) as first, stream(site) as second:
        site.take(watching(), told)
        for client in (first, second):
            coming = events(client)
            assert next(coming)[0] == "camera"
            name, body = next(coming)
            assert (name, body["title"]) == ("moment", told.title), "a line break ends no event"
    assert site.sink.board.pages == 0


def test_a_window_is_delivered_with_its_signal(tmp_path: Path) -> None:
    with serving(tmp_path) as site, stream(site) as client:
        window = measured(0, [(2.0, 900.0)], picture=tmp_path / "one.jpg")
        site.take(window)
        name, body = next(events(client))
    assert (name, body["peaks"], max(body["signal"])) == ("window", [2.0], 900)


def test_a_stalled_reader_loses_only_its_own_events(tmp_path: Path) -> None:
    wide = replace(moment_now(1), title="x" * 100_000)
    with serving(tmp_path) as site, stream(site) as stalled, stream(site) as reading:
        coming = events(reading)
        for number in range(3 * MAX_WAITING):
            site.take(replace(wide, text=str(number)))
            assert next(coming)[0] == "moment"
        assert site.sink.board.missed > 0
        site.take(motion_changed(moving=True))
        assert next(coming)[0] == "motion"
        names = []
        for name, _ in events(stalled):
            names.append(name)
            if name == "motion":
                break
    assert "missed" in names
    assert len(names) < 3 * MAX_WAITING


def test_the_end_of_a_run_ends_the_streams_without_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(tmp_path) as site, stream(site) as client:
        site.take(watching())
        coming = events(client)
        next(coming)
        site.do(site.sink.board.close)
        assert list(coming) == []
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]


def test_a_time_is_shown_as_it_was_asked_for(site: Site) -> None:
    since = quote(now_utc(60))
    assert site.get(f"/api/timeline?since={since}").json()["since_utc"] == since.replace("%3A", ":")
