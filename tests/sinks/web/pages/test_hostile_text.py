"""Texts of models, cameras and configurations that try to be markup, on each page that shows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from analyzer.reel.records import Gap, GapReason
from analyzer.signal.window import Keyframe, Outcome
from livereel.ledger.records import PENDING
from sinks.events import CameraState, CameraStatus
from tests.kit.records.events import moment_now, now_utc, reel_in, watching
from tests.kit.records.keyframe_files import snapshot
from tests.kit.web.site import Site, serving

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&{{ 7*7 }}<b>bold</b>"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site all of whose texts try to be markup."""
    folder = tmp_path_factory.mktemp("hostile")
    with serving(folder) as site:
        picture = folder / "one.jpg"
        picture.write_bytes(snapshot())
        told = moment_now(0)
        frame = replace(told.window, keyframes=(Keyframe(1.0, 9.0, picture),))
        told = replace(
            told, window=frame, title=HOSTILE, text=HOSTILE, tags=(HOSTILE,), alerts=(HOSTILE,), model=HOSTILE
        )
        site.ledger.windows.add(told.window, PENDING)
        site.ledger.windows.end(told.window.id, Outcome.DESCRIBED, told)
        reel = reel_in(folder)
        chapter = replace(reel.chapters[0], moment=told, sentence=HOSTILE)
        gap = Gap("front", now_utc(50), now_utc(40), GapReason.SOURCE_DOWN)
        site.ledger.reels.add(
            replace(reel, title=HOSTILE, narrative=HOSTILE, chapters=(chapter,), gaps=(gap,))
        )
        site.take(CameraState("yard-2", CameraStatus.WAITING, HOSTILE, now_utc()), watching(), told)
        yield site


@pytest.mark.parametrize("path", ["", "timeline", "reels", "reels/front", "cameras/front", "cameras/yard-2"])
def test_hostile_text_stays_text(path: str, hostile: Site, page: Page, problems: list[str]) -> None:
    with page.expect_response("**/api/cameras"):  # it listens to events
        page.goto(hostile.sink.url + path)
    expect(page.locator("body")).to_contain_text(HOSTILE)
    now = f"{HOSTILE} on /{path}"
    hostile.take(CameraState("front", CameraStatus.WAITING, now, now_utc()))
    with page.expect_response("**/api/moments/*") if path == "cameras/front" else nullcontext():
        hostile.take(replace(moment_now(0), title=now))
    if path in {"", "cameras/front"}:
        expect(page.locator("[data-camera=front] .state")).to_have_text(f"waiting: {now}")
        expect(page.locator("[data-camera=front] .caption")).to_have_text(now)
    if path == "cameras/front":
        expect(page.locator("#newest li")).to_have_count(2)
    expect(page.locator("[onerror], main b > b, p b, h3 b, img[src=x]")).to_have_count(0)
    assert not [problem for problem in problems if "alert" in problem.lower()]
    problems[:] = [problem for problem in problems if "404" not in problem]  # of media that are not there
