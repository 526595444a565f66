"""The pages below a path of nginx: login, events, live data, media.

It is configured as the documents say, or does what Home Assistant's ingress does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from livereel.ledger.ledger import Ledger
from sinks.web.settings import WebSettings
from tests.kit.cameras.rtsp import rtsp_server
from tests.kit.films.footage import Look, write_units
from tests.kit.program.live_run import LONG_S, watching
from tests.kit.records.events import JPEG, reel_in
from tests.kit.web.chromium import wait_for
from tests.kit.web.nginx import INGRESS_PATH, NGINX, nginx
from tests.kit.web.site import TOKEN
from tests.kit.web.viewer import viewing

pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx is installed")

# The path, and the options with which the pages are there.
BELOW = {
    "a path of its own": ("/livereel", WebSettings(port=0, token=TOKEN, root_path="/livereel")),
    "the ingress": (INGRESS_PATH, WebSettings(port=0, token=TOKEN, ingress_from=("127.0.0.1",))),
}


@pytest.fixture(scope="module", params=BELOW)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A camera's run and a reel, as a browser finds them below nginx."""
    path, settings = BELOW[request.param]
    data = tmp_path_factory.mktemp("data")
    look = Look(width_px=320, height_px=180, gop=5)
    footage = write_units(tmp_path_factory.mktemp("footage") / "front", look)
    with (
        rtsp_server({"/front": [footage]}) as camera,
        watching(data, {"front": camera.address("/front")}, web=settings) as run,
        closing(Ledger(data)) as ledger,
        nginx(
            tmp_path_factory.mktemp("nginx"), urlsplit(run.url).port or 0, as_ingress=path == INGRESS_PATH
        ) as port,
    ):
        reel = reel_in(data, video=b"0123456789")
        (reel.folder / "poster.jpg").write_bytes(JPEG)
        ledger.reels.add(reel)
        yield f"http://127.0.0.1:{port}{path}/"


def answered(
    connection: HTTPConnection, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> HTTPResponse:
    connection.request(method, path, body, {name.title(): value for name, value in headers.items()})
    return connection.getresponse()


def below(url: str, path: str) -> str:
    """A path of the pages, as it is to the browser."""
    return urlsplit(url).path + path


def connected(url: str) -> closing[HTTPConnection]:
    return closing(HTTPConnection(urlsplit(url).netloc, timeout=LONG_S))


@pytest.fixture(scope="module")
def cookie(url: str) -> str:
    """The cookie of who has logged in."""
    root = urlsplit(url).path
    with connected(url) as connection:
        sent = answered(connection, root, accept="text/html")
        assert (sent.status, sent.getheader("location")) == (303, f"{root}login")
        sent.read()
        origin = f"http://{urlsplit(url).netloc}"
        entered = answered(connection, f"{root}login", "POST", f"token={quote(TOKEN)}", origin=origin)
        assert (entered.status, entered.getheader("location")) == (303, root)
        kept, _, rest = (entered.getheader("set-cookie") or "").partition(";")
        assert f"Path={root}" in rest
        return kept


def test_a_change_from_another_site_is_refused_there_too(url: str, cookie: str) -> None:
    with connected(url) as connection:
        foreign = answered(
            connection,
            below(url, "api/reels"),
            "POST",
            "{}",
            origin="http://evil.example",
            cookie=cookie,
        )
        assert foreign.status == 403


def test_media_come_in_ranges(url: str, cookie: str) -> None:
    with connected(url) as connection:
        part = answered(
            connection, below(url, "media/reels/front/1/reel.mp4"), range="bytes=2-4", cookie=cookie
        )
        assert (part.status, part.read()) == (206, b"234")
        assert part.getheader("content-range") == "bytes 2-4/10"


def test_events_come_as_they_happen(url: str, cookie: str) -> None:
    with connected(url) as connection:
        stream = answered(connection, below(url, "api/events"), cookie=cookie)
        assert stream.status == 200
        while not (line := stream.readline()).startswith(b"event: "):
            assert line, "the stream has ended"


def test_live_data_come_as_they_are_sent(url: str, cookie: str) -> None:
    with viewing(url, "front", headers={"Cookie": cookie}) as viewer:
        assert viewer.until("S")
        assert viewer.until("K")
        assert viewer.event("motion")["samples"]


def test_a_person_logs_in_and_sees_the_camera_live(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_url(f"{url}login")
    page.locator("[name=token]").fill(TOKEN)
    page.locator("#login button").click()
    page.wait_for_url(url)
    page.locator(".cameras a").first.click()
    page.wait_for_url(f"{url}cameras/front")
    expect(page.locator("#live")).to_have_attribute("data-live", "live")
    wait_for(page.locator("#live video"), "(it) => it.currentTime > 0")
