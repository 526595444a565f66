"""Chromium of the system, driven by Playwright: one for each worker, a context for each test."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    WebError,
    expect,
    sync_playwright,
)

from tests.kit.program.live_run import LONG_S

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
POLL_MS = 50
# The browser and its driver may take so long to end.
ENDING_S = 20.0
# Of files, and of what a page holds itself; of the sites that tests serve.
HOSTS = {None, "127.0.0.1"}

NewContext = Callable[..., BrowserContext]


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser; it has ended, and its driver too, on leaving."""
    expect.set_options(timeout=LONG_S * 1000)
    # After a long run the driver has been seen to wait for ever for a browser that had ended.
    impatient = Timer(ENDING_S, _end_driver)
    impatient.daemon = True
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--disable-gpu", "--disable-quic"], chromium_sandbox=False
            )
            yield browser
            impatient.start()
            with suppress(Error):
                browser.close()
    finally:
        impatient.cancel()


def _end_driver() -> None:
    """End Playwright's driver, a child of this process; it ends its browser."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    for child in children.read_text().split():
        if b"run-driver" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(int(child), signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Driver:
    """A browser, and the event loop in which its driver is spoken to.

    A new page is a new process of the browser, a second of computing. So pages are kept, by their options.
    """

    browser: Browser
    loop: asyncio.AbstractEventLoop
    pages: dict[str, Page] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    """The browser of this worker.

    Playwright's loop counts as running in the main thread for as long as the driver lives. So it is hidden
    between the tests that use it: others run loops of their own there.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with launched() as browser:
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)  # noqa: SLF001  # as Playwright itself does
        yield Driver(browser, loop)
        asyncio._set_running_loop(loop)  # noqa: SLF001


@pytest.fixture
def browser(driver: Driver) -> Iterator[Browser]:
    asyncio._set_running_loop(driver.loop)  # noqa: SLF001
    yield driver.browser
    asyncio._set_running_loop(None)  # noqa: SLF001


@pytest.fixture
def problems(driver: Driver) -> list[str]:
    """What has gone wrong on the test's pages: errors, warnings, refused loads; none is left at its end."""
    driver.problems.clear()
    return driver.problems


@pytest.fixture
def requests(driver: Driver) -> list[str]:
    """The URLs that the test's pages have asked for; none may be of another host."""
    driver.requests.clear()
    return driver.requests


@pytest.fixture
def new_context(
    driver: Driver, browser: Browser, problems: list[str], requests: list[str]
) -> Iterator[NewContext]:
    """Open a context with options of ``Browser.new_context``; what its pages do is noted, and judged."""
    opened: list[BrowserContext] = []

    def console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            problems.append(f"{message.text} {message.location['url']}".strip())

    def error(found: WebError) -> None:
        problems.append(str(found.error))

    def request(sent: Request) -> None:
        requests.append(sent.url)

    def made(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(LONG_S * 1000)
        context.on("console", console)
        context.on("weberror", error)
        context.on("request", request)
        opened.append(context)
        return context

    yield made
    for context in opened:
        if context not in [page.context for page in driver.pages.values()]:
            context.close()
    assert problems == []
    assert {urlsplit(url).hostname for url in requests} <= HOSTS


@pytest.fixture
def context_options() -> dict[str, Any]:
    """Options of the page's context, for a module to replace."""
    return {}


@pytest.fixture
def page(driver: Driver, new_context: NewContext, context_options: dict[str, Any]) -> Iterator[Page]:
    """A page as at a first visit: without cookies and stored values, light, as wide as a laptop."""
    name = repr(context_options)
    if name not in driver.pages:
        driver.pages[name] = new_context(**context_options).new_page()
    page = driver.pages[name]
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    yield page
    page.evaluate("try { sessionStorage.clear(); localStorage.clear(); } catch { /* it has none */ }")
    page.goto("about:blank")
    page.context.clear_cookies()


@contextmanager
def expected_problem(page: Page, problems: list[str], text: str) -> Iterator[None]:
    """Wait at the block's end for a problem with this text, which then counts no more."""
    with page.expect_console_message(lambda message: text in message.text):
        yield
    problems[:] = [problem for problem in problems if text not in problem]


def wait_until(page: Page, condition: str, arg: Any = None) -> None:
    """Return once a JavaScript function of ``arg`` returns what is true; a Playwright error after LONG_S.

    ``Page.wait_for_function`` has the text compiled again and again, which the pages' policy forbids.
    """
    page.evaluate(_polled(condition), arg)


def wait_for(element: Locator, condition: str) -> None:
    """Return once a JavaScript function of this element returns what is true."""
    element.evaluate(_polled(condition))


def _polled(condition: str) -> str:
    return f"""async (arg) => {{
        const [holds, endMs] = [{condition}, performance.now() + {LONG_S * 1000}];
        while (!holds(arg)) {{
            if (performance.now() > endMs) throw new Error("never true");
            await new Promise((done) => setTimeout(done, {POLL_MS}));
        }}
    }}"""


def plays(video: Locator) -> None:
    """Start a video without sound, and wait until it has gone on for a while."""
    begun_s = video.evaluate("async (it) => { it.muted = true; await it.play(); return it.currentTime; }")
    wait_for(video, f"(it) => it.currentTime > {begun_s} + 0.2")
