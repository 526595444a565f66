"""The HTML pages: as text, and as a person meets them in a real Chromium."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from analyzer.describe.moment import Moment
from analyzer.reel.records import Chapter, Gap, GapReason, Part, Reel
from analyzer.report.page import MAX_PICTURES, plot, report
from analyzer.report.thumbnail import data_uri
from analyzer.signal.window import Window
from base.clock import utc_after
from tests.kit.records.windows import START_UTC, measured
from tests.kit.web.chromium import expected_problem, wait_for, wait_until

HOSTILE = """</script><script>pwned=1</script><img src=x onerror="pwned=1"><b>'"&amp;<!--"""
CHAPTER_S = 4.0


class Parsed(HTMLParser):
    """A page's elements with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str, name: str = "") -> list[dict[str, str | None]]:
        """Attributes of the elements of that kind and, if given, of that class."""
        return [
            a for t, a in self.elements if t == tag and (not name or name in (a.get("class") or "").split())
        ]


def embedded(page: str) -> dict[str, Any]:
    """What the page's script reads."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def chapter(number: int, window: Window, sentence: str, **words: str) -> Chapter:
    moment = Moment(window, words.get("title", f"Title {number}"), sentence, 7.5, (), "builtin", 0.1)
    start_s = window.start_s + 2
    reel_s = number * CHAPTER_S
    reason = words.get("reason", "because it moved")
    return Chapter(moment, reason, sentence, start_s, start_s + CHAPTER_S, reel_s, reel_s + CHAPTER_S)


def reel(
    folder: Path,
    chapters: Sequence[Chapter],
    *,
    gaps: Sequence[Gap] = (),
    changed: Sequence[str] = (),
    **words: str,
) -> Reel:
    return Reel(
        id="street",
        seq=3,
        title=words.get("title", "A short story"),
        narrative=words.get("narrative", " ".join(c.sentence for c in chapters)),
        cameras=tuple(dict.fromkeys(c.moment.window.camera for c in chapters)),
        start_utc=START_UTC,
        end_utc=utc_after(START_UTC, 60.0),
        duration_s=CHAPTER_S * len(chapters),
        mode="copy",
        folder=folder,
        bytes=1_234_567,
        sha256="ab" * 32,
        chapters=tuple(chapters),
        gaps=tuple(gaps),
        changed=tuple(changed),
    )


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("keyframes") / "keyframe.jpg"
    Image.effect_noise((160, 90), 80).convert("RGB").save(file)
    return file


@pytest.fixture(scope="module")
def street(picture: Path) -> list[Window]:
    """A minute of one camera; the third window and the last are quiet."""
    peaks = [[(3.1, 900.0)], [(2.5, 400.0), (7.7, 2500.0)], [], [(5.1, 300.0)], [(4.3, 8000.0)], []]
    return [measured(n, found, picture=picture) for n, found in enumerate(peaks)]


def story(street: Sequence[Window]) -> list[Chapter]:
    lively = [window for window in street if not window.quiet]
    sentences = ("A car passes.", "Two people cross.", "A dog runs.", "A lorry stops & waits.")
    return [chapter(n, w, s) for n, (w, s) in enumerate(zip(lively, sentences, strict=True))]


def test_text_from_models_and_cameras_stays_text(tmp_path: Path) -> None:
    window = measured(0, [(3.0, 500.0)], camera=HOSTILE)
    told = chapter(0, window, HOSTILE, title=HOSTILE, reason=HOSTILE)
    told = replace(told, moment=replace(told.moment, alerts=(HOSTILE,)))
    gap = Gap(HOSTILE, START_UTC, utc_after(START_UTC, 5.0), GapReason.STARTING)
    shown = reel(tmp_path, [told], gaps=[gap], changed=[HOSTILE], title=HOSTILE)
    for page in (
        report(shown, [window], poster=None, media_time=False),
        plot([window], title=HOSTILE, gaps=[gap]),
    ):
        parsed = Parsed(page)
        assert len(parsed.all("script")) == 2
        assert [image for image in parsed.all("img") if "src" in image] == []
        assert not any("onerror" in attributes for _, attributes in parsed.elements)
        assert "pwned=1" in parsed.text
        assert embedded(page)["panels"]


def test_a_page_loads_nothing_from_elsewhere(tmp_path: Path, street: list[Window]) -> None:
    page = report(reel(tmp_path, story(street)), street, poster=b"\xff\xd8", media_time=True)
    parsed = Parsed(page)
    addresses = [
        value
        for _, attributes in parsed.elements
        for name, value in attributes.items()
        if name in ("src", "href", "poster", "srcset", "data", "action") and value
    ]
    assert addresses
    outside = {a for a in addresses if not a.startswith(("data:", "#"))}
    assert {a.partition("#")[0] for a in outside} == {"reel.mp4"}
    assert "url(" not in page
    assert "@import" not in page


def test_only_the_pages_own_script_may_run(street: list[Window]) -> None:
    page = plot(street, title="street")
    policy = Parsed(page).all("meta")[1]["content"]
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert policy
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")


def test_each_sentence_of_the_story_leads_to_its_chapter(tmp_path: Path, street: list[Window]) -> None:
    shown = reel(
        tmp_path, story(street), narrative="First: A car passes. Two people cross. Then, A dog runs. The end."
    )
    page = report(shown, street, poster=None, media_time=True)
    told = re.search(r'<section class="story card">.*?<p>(.*?)</p>', page, re.DOTALL)
    assert told
    assert re.findall(r'href="([^"]*)" data-chapter="(\d)">([^<]*)<', told[1]) == [
        ("reel.mp4#t=0.0", "1", "A car passes."),
        ("reel.mp4#t=4.0", "2", "Two people cross."),
        ("reel.mp4#t=8.0", "3", "A dog runs."),
    ]
    assert Parsed(told[1]).text == "First: A car passes. Two people cross. Then, A dog runs. The end."


def test_a_report_lists_coverage_gaps_and_changes(tmp_path: Path, street: list[Window]) -> None:
    gap = Gap("front", utc_after(START_UTC, 20.0), utc_after(START_UTC, 30.0), GapReason.SOURCE_DOWN)
    shown = reel(tmp_path, story(street), gaps=[gap], changed=["Added the closing moment."])
    text = Parsed(report(shown, street, poster=None, media_time=False)).text
    assert "14:00:20 \u2013 14:00:30 front The source was down 0:10" in text
    assert "Added the closing moment." in text
    assert "Nothing was missed" not in text


def test_a_report_states_that_nothing_was_missed(tmp_path: Path, street: list[Window]) -> None:
    text = Parsed(report(reel(tmp_path, story(street)), street, poster=None, media_time=False)).text
    assert "Nothing: every second was observed." in text


@pytest.mark.parametrize(
    ("media_time", "shown"), [(True, "0:42 \u2013 0:46"), (False, "14:00:42 \u2013 14:00:46")]
)
def test_chapters_have_media_time_of_files_and_wall_time_of_cameras(
    tmp_path: Path, street: list[Window], *, media_time: bool, shown: str
) -> None:
    text = Parsed(report(reel(tmp_path, story(street)), street, poster=None, media_time=media_time)).text
    assert shown in text
    assert ("12 March 2026" in text) is not media_time


def test_a_chapters_window_is_drawn_even_when_it_was_not_handed_over(
    tmp_path: Path, street: list[Window]
) -> None:
    page = report(reel(tmp_path, story(street)), [], poster=None, media_time=False)
    assert len(embedded(page)["panels"][0]["peaks"]) == 5


def test_each_camera_has_its_own_chart(street: list[Window]) -> None:
    garden = [measured(n, [(1.0, 300.0)], camera="garden") for n in range(3)]
    gap = Gap("yard", START_UTC, utc_after(START_UTC, 5.0), GapReason.DISABLED)
    parsed = Parsed(plot([*street, *garden], title="all", gaps=[gap], media_time=False))
    assert len(parsed.all("figure")) == 3
    assert [len(panel["peaks"]) for panel in embedded(plot([*street, *garden], title="all"))["panels"]] == [
        5,
        3,
    ]


def test_a_page_without_windows_states_so() -> None:
    assert "No window was measured." in Parsed(plot([], title="nothing")).text


def test_pictures_are_limited_and_the_page_states_so(picture: Path) -> None:
    windows = [measured(n, [(5.0, 300.0 + n)], picture=picture) for n in range(MAX_PICTURES + 50)]
    parsed = Parsed(plot(windows, title="many"))
    assert len(parsed.all("a", "key")) == MAX_PICTURES
    assert "50 weaker keyframes have no picture" in parsed.text


def test_keyframes_whose_pictures_are_gone_stay_peaks(tmp_path: Path) -> None:
    page = plot([measured(0, [(5.0, 300.0)], picture=tmp_path / "gone.jpg")], title="gone")
    assert not Parsed(page).all("a", "key")
    assert embedded(page)["panels"][0]["peaks"] == [[5.0, 300, None]]


def test_a_day_fits_a_page() -> None:
    day = [measured(n, [(5.0, 300.0 + n % 7)] if n % 3 else []) for n in range(8640)]
    page = plot(day, title="a day", media_time=False)
    assert len(page) < 1_500_000
    values = embedded(page)["panels"][0]["values"]
    assert len(values) <= 20_000
    assert max(values) == 306


# From here on in a real browser.


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, street: list[Window]) -> Path:
    """A reel's folder: sixteen seconds of video and the report, of two cameras and a gap."""
    folder = tmp_path_factory.mktemp("reel")
    with av.open(folder / "reel.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=5, options={"g": "5"})
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        for n in range(80):
            grey = np.full((72, 128, 3), n * 3, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, "rgb24")))
        container.mux(stream.encode())
    gap = Gap("front", utc_after(START_UTC, 60.0), utc_after(START_UTC, 80.0), GapReason.SOURCE_STALLED)
    garden = [measured(n, [(6.0, 700.0)] if n == 1 else [], camera="garden") for n in range(6)]
    shown = reel(folder, story(street), gaps=[gap])
    page = report(shown, [*street, *garden], poster=None, media_time=False)
    (folder / "report.html").write_text(page, encoding="utf-8")
    return folder


def show(page: Page, folder: Path) -> None:
    """Open the report in a folder, and wait for its video."""
    page.goto((folder / "report.html").as_uri())
    wait_for(page.locator("video"), "(it) => it.readyState >= 1")


@pytest.fixture
def opened(page: Page, folder: Path) -> Page:
    """The report with its video loaded."""
    show(page, folder)
    return page


def plays(page: Page, chapter: int) -> None:
    """Wait until the player stands in a chapter; all that leads to it says so, and nothing else does."""
    start_s = (chapter - 1) * CHAPTER_S
    wait_for(
        page.locator("video"),
        f"(it) => it.currentTime >= {start_s} && it.currentTime < {start_s + CHAPTER_S}",
    )
    links, current = page.locator(f'[data-chapter="{chapter}"]'), page.locator("[aria-current]")
    expect(links.and_(current)).to_have_count(links.count())
    expect(current).to_have_count(links.count())
    assert set(current.evaluate_all("(all) => all.map((it) => it.ariaCurrent)")) == {"true"}


def test_the_page_shows_the_zone_in_which_it_was_made(opened: Page) -> None:
    """The offsets are those of a night on which clocks go back."""
    offsets = "data.utcOffsets = [[0, 7200], [3600, 3600]]"
    assert opened.evaluate(f"({offsets}, [0, 3599, 3600].map((atS) => label(atS, false)))") == [
        "02:00:00",
        "02:59:59",
        "02:00:00",
    ]


def test_a_click_on_a_sentence_seeks(opened: Page) -> None:
    opened.get_by_role("link", name="A dog runs.").click()
    plays(opened, 3)


def test_a_click_on_a_chapter_seeks(opened: Page) -> None:
    opened.get_by_role("heading", name="Title 3").get_by_role("link").click()
    plays(opened, 4)
    opened.locator('.thumb[data-chapter="2"]').click()
    plays(opened, 2)


def test_a_click_on_the_signal_seeks(opened: Page) -> None:
    opened.locator('.band[data-chapter="2"] span').click()
    plays(opened, 2)
    expect(opened.locator(".head").first).to_be_visible()


def test_chapters_are_reached_by_keyboard(opened: Page) -> None:
    opened.get_by_role("link", name="Two people cross.").press("Enter")
    plays(opened, 2)


def test_the_marked_chapter_follows_the_video(opened: Page) -> None:
    expect(opened.locator("[aria-current]")).to_have_count(0)
    opened.locator("video").evaluate("(it) => { it.currentTime = 13; }")
    plays(opened, 4)


def test_a_long_story_is_there_as_a_whole(
    page: Page, folder: Path, street: list[Window], tmp_path: Path
) -> None:
    """Nothing inside the page scrolls but the page itself."""
    (tmp_path / "reel.mp4").symlink_to(folder / "reel.mp4")
    long = [replace(c, sentence=f"{c.sentence} " + "And so it goes on. " * 20) for c in story(street)]
    text = report(reel(tmp_path, long), street, poster=None, media_time=True)
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        show(page, tmp_path)
        assert page.locator(".story p").evaluate("(it) => it.scrollHeight - it.clientHeight") <= 1


@pytest.mark.parametrize(("width", "is_open"), [(390, False), (1280, True)])
def test_the_signal_is_folded_where_it_would_be_small(
    page: Page, folder: Path, width: int, *, is_open: bool
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    show(page, folder)
    signal = page.locator(".found")
    assert signal.evaluate("(it) => it.open") is is_open
    signal.evaluate("(it) => { it.open = true; }")
    wait_until(page, "() => document.querySelectorAll('.xs li').length >= 2")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_page_names_the_zone_of_its_times(
    tmp_path: Path, street: list[Window], in_zone: Callable[[str], None]
) -> None:
    in_zone("CET-1")
    text = Parsed(report(reel(tmp_path, story(street)), street, poster=None, media_time=False)).text
    assert "Times are CET." in text


def test_chapters_come_before_the_signal_and_the_hash_is_folded(opened: Page) -> None:
    chapters, signal = (opened.locator(it).bounding_box() for it in (".chapters", ".found"))
    assert chapters is not None
    assert signal is not None
    assert chapters["y"] < signal["y"]
    expect(opened.get_by_text("SHA-256")).to_be_hidden()


def test_a_report_that_holds_its_video_plays_it_alone(
    page: Page, folder: Path, street: list[Window], tmp_path: Path
) -> None:
    """The page is the only file, and links do not repeat the video."""
    video = data_uri((folder / "reel.mp4").read_bytes(), "video/mp4")
    text = report(reel(folder, story(street)), street, poster=None, media_time=True, video_src=video)
    assert text.count(video) == 1
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    show(page, tmp_path)
    page.get_by_role("link", name="A dog runs.").click()
    plays(page, 3)


def test_the_playhead_jumps_over_what_a_chapter_leaves_out(
    page: Page, folder: Path, street: list[Window], tmp_path: Path
) -> None:
    (tmp_path / "reel.mp4").symlink_to(folder / "reel.mp4")
    first, *rest = story(street)
    half_s = CHAPTER_S / 2
    start_s = first.moment.window.start_s
    parts = (
        Part(start_s, start_s + half_s, 0.0, half_s),
        Part(start_s + 7.0, start_s + 7.0 + half_s, half_s, CHAPTER_S),
    )
    split = replace(first, start_s=start_s, end_s=start_s + 7.0 + half_s, parts=parts)
    text = report(reel(tmp_path, [split, *rest]), street, poster=None, media_time=True)
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    show(page, tmp_path)
    found = f"mediaTime(data.chapters[0], {half_s + 1.0})"
    assert page.evaluate(found) == pytest.approx(embedded(text)["chapters"][0]["start"] + 8.0)


def test_the_captions_are_the_storys_sentences(opened: Page) -> None:
    video = opened.locator("video")
    wait_for(video, "(it) => it.textTracks[0].cues?.length === 4")
    assert video.evaluate(
        "(it) => [...it.textTracks[0].cues].map((cue) => [cue.startTime, cue.getCueAsHTML().textContent])"
    ) == [
        [0, "A car passes."],
        [4, "Two people cross."],
        [8, "A dog runs."],
        [12, "A lorry stops & waits."],
    ]


def test_there_is_one_mark_for_each_peak(opened: Page) -> None:
    marks = """[...document.querySelectorAll('.chart')].map((chart) => [
        chart.querySelectorAll('.key').length,
        (chart.querySelector('.dots').getAttribute('d').match(/h0/g) || []).length,
    ])"""
    assert opened.evaluate(marks) == [[5, 0], [0, 1]]


def test_pointing_at_a_peak_shows_its_picture(opened: Page) -> None:
    opened.locator('[data-key="k0-3"]').hover()
    shown = opened.locator(".pop:not([hidden])")
    expect(shown.locator("p")).to_have_text("14:00:35.1 \u00b7 peak 300")
    picture = opened.locator("#k0-3 img").get_attribute("src")
    assert picture
    expect(shown.locator("img")).to_have_attribute("src", picture)
    opened.locator("h1").hover()
    expect(opened.locator(".pop").first).to_be_hidden()


def test_pointing_at_a_gap_shows_that_it_was_not_observed(opened: Page) -> None:
    opened.locator(".gap").first.hover()
    expect(opened.locator(".pop:not([hidden]) p")).to_have_text(re.compile("not observed$"))


def test_charts_zoom_together_and_back(opened: Page) -> None:
    widths = (
        "[...document.querySelectorAll('.canvas')].map((c) => c.offsetWidth / c.parentElement.clientWidth)"
    )
    opened.locator('[data-zoom="2"]').first.click()
    assert opened.evaluate(widths) == [2, 2]
    opened.locator(".scroll").first.hover()
    opened.keyboard.down("Control")
    opened.mouse.wheel(0, -250)
    opened.keyboard.up("Control")
    wait_until(opened, f"() => {widths}.every((zoom) => Math.abs(zoom - 2 * Math.E) < 0.05)")
    opened.locator('[data-zoom="0"]').first.click()
    assert opened.evaluate(widths) == [1, 1]


def test_a_picture_of_the_strip_leads_to_its_peak(opened: Page) -> None:
    opened.locator("#k0-2").get_by_role("button").click()
    middle = """(() => {
        const key = document.querySelector('[data-key="k0-2"]').getBoundingClientRect();
        const seen = document.querySelector('.scroll').getBoundingClientRect();
        return Math.abs(key.x + key.width / 2 - seen.x - seen.width / 2);
    })()"""
    assert opened.evaluate(middle) < 2
    expect(opened.locator('[data-key="k0-2"]')).to_contain_class("lit")


@pytest.mark.parametrize("width", [360, 420, 1280])
def test_no_width_makes_the_page_scroll_sideways(page: Page, folder: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    show(page, folder)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    ends = "(all) => all.map((flag) => flag.getBoundingClientRect().right)"
    assert max(page.locator(".band span").evaluate_all(ends)) <= width


def test_the_page_is_dark_where_the_reader_likes_it_dark(opened: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    opened.emulate_media(color_scheme="dark")
    assert max(opened.evaluate(background)) < 40
    opened.emulate_media(color_scheme="light")
    assert min(opened.evaluate(background)) > 220


def test_a_page_alone_shows_that_its_video_is_missing(
    page: Page, folder: Path, tmp_path: Path, problems: list[str]
) -> None:
    lone = tmp_path / "report.html"
    lone.write_bytes((folder / "report.html").read_bytes())
    with expected_problem(page, problems, "ERR_FILE_NOT_FOUND"):
        page.goto(lone.as_uri())
    expect(page.locator(".missing")).to_be_visible()


def test_hostile_names_run_nothing(page: Page, tmp_path: Path) -> None:
    window = measured(0, [(3.0, 500.0)], camera=HOSTILE)
    gap = Gap(HOSTILE, START_UTC, utc_after(START_UTC, 5.0), GapReason.STARTING)
    file = tmp_path / "plot.html"
    file.write_text(plot([window], title=HOSTILE, gaps=[gap]), encoding="utf-8")
    page.goto(file.as_uri())
    assert page.evaluate("document.title") == HOSTILE
    assert page.evaluate("typeof pwned") == "undefined"


def test_a_script_that_gets_into_a_page_does_not_run(
    page: Page, tmp_path: Path, street: list[Window], problems: list[str]
) -> None:
    file = tmp_path / "plot.html"
    foreign = "<script>pwned = 1</script></body>"
    file.write_text(plot(street, title="street").replace("</body>", foreign), encoding="utf-8")
    with expected_problem(page, problems, "Content Security Policy"):
        page.goto(file.as_uri())
    assert page.evaluate("typeof pwned") == "undefined"
