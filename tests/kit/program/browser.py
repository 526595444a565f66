"""A real Chromium, driven over a pipe by the DevTools protocol: no driver and no library in between."""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ANSWER_S = 90.0
_SWITCHES = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--mute-audio",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
]


class BrowserError(Exception):
    """The browser did not answer, or refused a call."""


@dataclass
class Page:
    """An open page.

    Attributes:
        problems: its uncaught errors, console errors and refused loads.
        requests: the URLs that it has asked for, but for what its own text holds (``data:``, ``blob:``).
    """

    write_fd: int
    read_fd: int
    session: str | None = None
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _unread: bytes = b""

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Call a DevTools method and return its result, noting the problems reported meanwhile."""
        number = next(self._numbers)
        message: dict[str, object] = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_fd, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + ANSWER_S
        while True:
            answer = self._read(deadline)
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def open(self, place: Path | str, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Load a file or a URL in a window of that size (CSS pixels) and wait until it is complete."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        url = place if isinstance(place, str) else place.absolute().as_uri()
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression; promises are awaited. Raises BrowserError when it throws."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise BrowserError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, condition: str) -> None:
        """Return once an expression is true, be it on the page that follows; BrowserError after ANSWER_S."""
        deadline = time.monotonic() + ANSWER_S
        while not self._is_true(condition):
            if time.monotonic() > deadline:
                raise BrowserError(f"never true: {condition}")

    def _is_true(self, condition: str) -> bool:
        """Whether it is true now, or 20 ms later; False where the page has just been left."""
        later = "new Promise((done) => setTimeout(done, 20))"
        try:
            return bool(self.evaluate(condition)) or bool(self.evaluate(f"{later}.then(() => {condition})"))
        except BrowserError as error:
            if "navigated" in str(error) or "context" in str(error):
                return False
            raise

    def point(self, selector: str) -> tuple[float, float]:
        """Scroll the first element that matches into view and return its middle."""
        found = json.dumps(selector)
        self.evaluate(
            f"document.querySelector({found}).scrollIntoView({{block: 'center', behavior: 'instant'}})"
        )
        box = self.evaluate(f"document.querySelector({found}).getClientRects()[0].toJSON()")
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def hover(self, selector: str) -> None:
        """Move the mouse to the middle of the first element that matches."""
        x, y = self.point(selector)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, selector: str) -> None:
        """Press and release the left button there, as a person does."""
        x, y = self.point(selector)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press and release a key that types a character, or Enter."""
        text = "\r" if key == "Enter" else key
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def screenshot(self, file: Path, *, whole: bool = False) -> None:
        """Save what is seen, or the whole page, as PNG."""
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(picture["data"]))

    def _read(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self.read_fd], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(self.read_fd, 1 << 20) if ready else b""
            if not chunk:
                raise BrowserError("no answer: the browser hangs or has ended")
            self._unread += chunk
        message, _, self._unread = self._unread.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _note(self, event: Mapping[str, Any]) -> None:
        params = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.problems.append(str(params["exceptionDetails"]))
        elif event.get("method") == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.problems.append(str(params["args"]))
        elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}".strip())
        elif event.get("method") == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(("data:", "blob:")):
                self.requests.append(url)


@contextmanager
def browser() -> Iterator[Page]:
    """A fresh headless Chromium with one page; ended, and its profile removed, on leaving."""
    if CHROMIUM is None:
        raise BrowserError("no Chromium is installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        (theirs_in, ours_out), (ours_in, theirs_out) = _high_pipe(), _high_pipe()
        # Chromium reads commands from descriptor 3 and answers on 4.
        pid = os.posix_spawn(
            CHROMIUM,
            [CHROMIUM, *_SWITCHES, f"--user-data-dir={profile}", "about:blank"],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                (os.POSIX_SPAWN_DUP2, theirs_out, 4),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
        os.close(theirs_in)
        os.close(theirs_out)
        page = Page(ours_out, ours_in)
        try:
            _attach(page)
            yield page
        finally:
            _end(page, pid)
            os.close(ours_in)
            os.close(ours_out)


def _end(page: Page, pid: int) -> None:
    page.session = None
    try:
        page.call("Browser.close")
    except (BrowserError, OSError):
        os.kill(pid, signal.SIGKILL)  # it hangs, or has gone already
    os.waitpid(pid, 0)


def _attach(page: Page) -> None:
    targets = page.call("Target.getTargets")["targetInfos"]
    target = next(t["targetId"] for t in targets if t["type"] == "page")
    page.session = page.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        page.call(f"{domain}.enable")


def _high_pipe() -> tuple[int, int]:
    """A pipe whose ends are above the descriptors that the child's own are put on."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]
