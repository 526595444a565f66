"""Sound in a real browser: on the chart, on the timeline, on cards, with a reel and in its report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from analyzer.describe.moment import Moment
from analyzer.report.page import report
from analyzer.signal.sound.record import Sound, SoundPeak, Speech
from analyzer.signal.window import Outcome, Window
from livereel.ledger.records import PENDING
from tests.kit.records.events import moment_now, now_utc, reel_in
from tests.kit.records.keyframe_files import snapshot
from tests.kit.records.windows import measured
from tests.kit.web.chromium import wait_for
from tests.kit.web.site import Site, serving

SAID = "Open the gate, <b>please</b>."
LATER = "That comes after the chapter."
AGO_S = 40.0


def heard(window: Window, *speech: Speech) -> Window:
    """The window with a noise, and with speech."""
    peak = SoundPeak(window.start_s + 1.0, -20.0, 20.0)
    return replace(window, sound=Sound(-20.0, -45.0, -35.0, peaks=(peak,), speech=speech))


def told() -> Moment:
    """A moment in which something is said, partly without words: the recogniser found none."""
    told = moment_now(1, ago_s=AGO_S)
    start_s = told.window.start_s
    speech = (
        Speech(start_s + 2.0, start_s + 4.0, SAID),
        Speech(start_s + 5.0, start_s + 6.0),
        Speech(start_s + 7.0, start_s + 9.0, LATER),
    )
    return replace(told, window=heard(told.window, *speech))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A camera with sound, with a moment and a reel of it; and one without sound."""
    with site_of(tmp_path_factory.mktemp("site")) as running:
        yield running


@contextmanager
def site_of(data: Path) -> Iterator[Site]:
    with serving(data) as running:
        moment = told()
        running.ledger.windows.add(moment.window, PENDING)
        running.ledger.windows.end(moment.window.id, Outcome.DESCRIBED, moment)
        silent = measured(2, [(2.0, 900.0)], camera="yard-2", start_utc=now_utc(AGO_S))
        running.ledger.windows.add(silent, Outcome.QUIET)
        reel = reel_in(data)
        start_s = moment.window.start_s
        chapter = replace(reel.chapters[0], moment=moment, start_s=start_s + 1.0, end_s=start_s + 6.0)
        reel = replace(reel, chapters=(chapter,))
        running.ledger.reels.add(reel)
        text = report(reel, [moment.window], poster=None, media_time=False)
        (reel.folder / "report.html").write_text(text)
        (reel.folder / "poster.jpg").write_bytes(snapshot(at=0.5))
        yield running


def test_words_are_on_the_cards_of_a_moment(page: Page, site: Site) -> None:
    for path, card in (
        ("timeline", "#found .card"),
        ("cameras/front", "#newest .card"),
        ("", "#since-moments .card"),
    ):
        page.goto(site.sink.url + path)
        expect(page.locator(f"{card} .said")).to_have_text([f"“{SAID}”", f"“{LATER}”"])


def test_words_find_their_moment(page: Page, site: Site) -> None:
    page.goto(f"{site.sink.url}timeline?q=gate")
    expect(page.locator("#found .said").first).to_have_text(f"“{SAID}”")
    page.goto(f"{site.sink.url}timeline?q=fence")
    expect(page.locator("#found .said")).to_have_count(0)


@pytest.mark.parametrize("path", ["", "reels/front"])
def test_words_are_below_their_sentence_of_the_story(path: str, page: Page, site: Site) -> None:
    page.goto(site.sink.url + path)
    chapter = page.locator(".story li")
    expect(chapter.get_by_role("link")).to_contain_text("A mover crosses.")
    expect(chapter.locator(".said")).to_have_text([f"“{SAID}”"])


def test_words_are_in_the_report(page: Page, site: Site) -> None:
    page.goto(f"{site.sink.url}media/reels/front/1/report.html")
    expect(page.locator(".chapters .said")).to_have_text([f"“{SAID}”"])
    expect(page.locator(".canvas .speech")).to_be_visible()
    expect(page.get_by_text("Speech", exact=True)).to_be_visible()


def colour_is_drawn(page: Page, name: str) -> None:
    """Wait until the chart has a point of this colour of the style."""
    wait_for(
        page.locator("#chart"),
        f"""(it) => {{
            const colour = getComputedStyle(document.body).getPropertyValue("--{name}");
            const wanted = colour.match(/[0-9a-f]{{2}}/g).map((part) => parseInt(part, 16));
            const copy = document.createElement("canvas");
            [copy.width, copy.height] = [it.width, it.height];
            const pen = copy.getContext("2d", {{ willReadFrequently: true }});
            pen.drawImage(it, 0, 0);
            const {{ data }} = pen.getImageData(0, 0, it.width, it.height);
            for (let at = 0; at < data.length; at += 4) {{
              const point = data.subarray(at, at + 3);
              if (wanted.every((value, channel) => point[channel] === value)) return true;
            }}
            return false;
        }}""",
    )


def test_the_chart_marks_speech_and_noises_and_says_so_in_words(page: Page, site: Site) -> None:
    site.take(told().window)  # in the last two minutes, however long the tests before took
    page.goto(f"{site.sink.url}cameras/front")
    expect(page.locator("#chart-text")).to_contain_text("1 noise, speech for 5 s.")
    expect(page.locator("#chart")).to_have_attribute("aria-describedby", "chart-text")
    expect(page.locator("#chart-sound")).to_be_visible()
    for name in ("speech", "noise"):
        colour_is_drawn(page, name)


def test_the_chart_of_a_camera_without_sound_says_nothing_of_it(page: Page, site: Site) -> None:
    site.take(measured(3, [(2.0, 900.0)], camera="yard-2", start_utc=now_utc(AGO_S)))
    page.goto(f"{site.sink.url}cameras/yard-2")
    expect(page.locator("#chart-text")).to_contain_text("motion for")
    expect(page.locator("#chart-text")).not_to_contain_text("speech")
    expect(page.locator("#chart-sound")).to_be_hidden()


def test_the_timeline_marks_speech_and_noises_and_says_so_in_words(page: Page, site: Site) -> None:
    page.goto(f"{site.sink.url}timeline?hours=1")
    strip = page.locator(".strip").filter(has=page.get_by_role("link", name="front", exact=True))
    expect(strip.locator("rect.noise")).to_have_count(1)
    expect(strip.locator("rect.speech")).not_to_have_count(0)
    slider = strip.get_by_role("slider")
    assert "1 noise, speech 5 s" in (slider.get_attribute("aria-label") or "")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator("#span")).to_contain_text("described")
    expect(page.locator("#span")).to_contain_text("; 1 noise, speech 5 s")
    assert "; 1 noise, speech 5 s" in (slider.get_attribute("aria-valuetext") or "")
    silent = page.locator(".strip").filter(has=page.get_by_role("link", name="yard-2", exact=True))
    expect(silent.locator("rect.noise, rect.speech")).to_have_count(0)
    expect(page.locator("#long")).to_be_hidden()


def test_the_timeline_of_more_than_a_day_says_that_it_shows_no_sound(page: Page, site: Site) -> None:
    page.goto(f"{site.sink.url}timeline?hours=168")
    expect(page.locator("#strips rect.described")).not_to_have_count(0)
    expect(page.locator("#long")).to_be_visible()
    expect(page.locator("rect.noise, rect.speech")).to_have_count(0)
