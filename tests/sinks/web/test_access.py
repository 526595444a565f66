"""Who is let in, and what is refused, over real HTTP: tokens, hosts, bodies, paths, ranges, slow clients."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.signal.window import Clip, Outcome
from livereel.ledger.records import PENDING
from sinks.web.access import MAX_BODY_BYTES, MAX_FAILURES
from sinks.web.connection import ClientTimeouts
from sinks.web.settings import WebSettings
from tests.kit.program.live_run import LONG_S, until
from tests.kit.records.events import reel_in
from tests.kit.records.moments import moment
from tests.kit.web.site import TOKEN, Site, received, serving

WITH_TOKEN = WebSettings(port=0, token=TOKEN)
PERIOD = {"since_utc": "2020-03-12T14:00:00Z", "until_utc": "2020-03-12T15:00:00Z"}
PAGES = [
    "/",
    "/timeline",
    "/reels",
    "/cameras/front",
    "/api/cameras",
    "/api/cameras/front/live",
    "/api/cameras/front/windows",
    "/api/moments",
    "/api/events",
]
MEDIA = ["/media/clips/x.mp4", "/media/preview/front.jpg", "/media/reels/all/1/reel.mp4"]
ANSWERS = [
    ("/", 200),
    ("/static/app.js", 200),
    ("/healthz", 200),
    ("/login", 200),
    ("/api/cameras", 200),
    ("/nowhere", 404),
    ("/static/nothing.js", 404),
    ("/static/../access.py", 404),
    ("/api/nowhere", 404),
    ("/api/moments?limit=0", 400),
    ("/cameras/nobody", 404),
    ("/media/clips/none.mp4", 404),
]
VIDEO = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def open_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Pages that need no token, of a ledger with a clip and a reel."""
    with serving(tmp_path_factory.mktemp("open")) as site:
        data = site.ledger.data
        (data / "clips").mkdir(exist_ok=True)
        (data / "clips" / "one.mp4").write_bytes(VIDEO)
        (data / "secret.txt").write_text("geheim")
        told = moment(0, title="A red car")
        window = replace(told.window, clip=Clip(data / "clips" / "one.mp4", 1.5))
        site.ledger.windows.add(window, PENDING)
        site.ledger.windows.end(window.id, Outcome.DESCRIBED, replace(told, window=window))
        site.ledger.reels.add(reel_in(data))
        yield site


@pytest.fixture(scope="module")
def closed_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Pages that need the token."""
    with serving(tmp_path_factory.mktemp("closed"), WITH_TOKEN) as site:
        yield site


def bearer(token: str) -> str:
    return f"Bearer {token}"


def log_in(site: Site, token: str) -> tuple[int, str]:
    """Send the login form; return the status and the cookie."""
    answer = site.post("/login", f"token={token}".encode())
    return answer.status, answer.headers.get("set-cookie", "")


# Tokens


@pytest.mark.parametrize("path", [*PAGES, *MEDIA])
def test_nothing_is_shown_without_the_token(path: str, closed_site: Site) -> None:
    answer = closed_site.get(path)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() == {"error": "a token is needed"}
    wrong = closed_site.get(path, cookie="livereel=0123456789")
    assert wrong.status == 401


def test_a_browser_without_the_token_is_sent_to_the_login(closed_site: Site) -> None:
    answer = closed_site.get("/timeline", accept="text/html,*/*")
    assert (answer.status, answer.headers["location"]) == (303, "/login")
    assert 'type="password"' in closed_site.get("/login").text


def test_the_token_is_accepted_as_bearer(closed_site: Site) -> None:
    assert closed_site.get("/api/cameras", authorization=bearer(TOKEN)).status == 200
    assert closed_site.get("/api/cameras", authorization=f"basic {TOKEN}").status == 401


def test_a_login_sets_a_cookie_that_does_not_hold_the_token(closed_site: Site) -> None:
    status, cookie = log_in(closed_site, TOKEN)
    assert status == 303
    assert {"httponly", "samesite=strict"} <= {part.strip().lower() for part in cookie.split(";")}
    assert TOKEN not in cookie
    assert closed_site.get("/", cookie=cookie.partition(";")[0]).status == 200


def test_the_cookie_is_kept_to_encrypted_connections_where_the_proxy_has_one(closed_site: Site) -> None:
    answer = closed_site.post("/login", f"token={TOKEN}".encode(), x_forwarded_proto="https")
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_reel_cannot_be_asked_for_without_the_token(closed_site: Site) -> None:
    assert closed_site.post("/api/reels", PERIOD).status == 401
    assert closed_site.post("/api/reels", PERIOD, authorization=bearer(TOKEN)).status == 404


@pytest.mark.parametrize(
    "token", ["", "wrong", f"{TOKEN}x", TOKEN[:-1], "\udcff".encode("utf-8", "replace").decode()]
)
def test_a_wrong_token_is_refused(token: str, tmp_path: Path) -> None:
    with serving(tmp_path, WITH_TOKEN) as site:
        assert log_in(site, token) == (403, "")
        assert site.get("/api/cameras", authorization=bearer(token or "x")).status == 401


def test_after_ten_wrong_tokens_none_is_looked_at(tmp_path: Path) -> None:
    with serving(tmp_path, WITH_TOKEN) as site:
        _, cookie = log_in(site, TOKEN)
        for number in range(MAX_FAILURES):
            if number % 2:
                assert log_in(site, "wrong")[0] == 403
            else:
                assert site.get("/", authorization=bearer("wrong")).status == 401
        assert log_in(site, TOKEN) == (429, "")
        assert site.get("/api/cameras", authorization=bearer(TOKEN)).status == 401
        assert site.get("/api/cameras", cookie=cookie.partition(";")[0]).status == 200, "who is in stays in"


def test_the_token_is_in_no_log_and_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(tmp_path, WITH_TOKEN) as site:
        asked = [
            site.post("/login", f"token={TOKEN}".encode()),
            site.post("/login", f"token={TOKEN}x".encode()),
            site.get(f"/api/cameras?token={TOKEN}"),
            *(site.get(path, authorization=bearer(TOKEN)) for path, _ in ANSWERS),
            site.get("/", cookie=f"livereel={TOKEN}"),
        ]
    assert TOKEN not in "".join(f"{answer.headers}{answer.body!r}" for answer in asked)
    assert TOKEN not in caplog.text


# Other sites


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.5", ""]
)
@pytest.mark.parametrize("path", [*PAGES, *MEDIA])
def test_a_name_of_another_site_that_points_here_is_refused(path: str, host: str, open_site: Site) -> None:
    answer = open_site.get(path, host=host)
    assert answer.status == 403
    assert answer.json()["error"].startswith("unknown host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8090", "127.0.0.1", "[::1]:8090", "[::1]"])
def test_this_machines_names_are_known(host: str, open_site: Site) -> None:
    assert open_site.get("/api/cameras", host=host).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "origin": "http://127.0.0.1"},
    ],
)
@pytest.mark.parametrize("path", ["/api/reels", "/login"])
def test_another_sites_page_changes_nothing(headers: dict[str, str], path: str, open_site: Site) -> None:
    answer = open_site.post(path, PERIOD, **headers)
    assert (answer.status, answer.json()) == (403, {"error": "the request comes from another site"})


def test_the_own_pages_may_ask(open_site: Site) -> None:
    own = f"http://127.0.0.1:{open_site.port}"
    answer = open_site.post("/api/reels", PERIOD, origin=own, sec_fetch_site="same-origin")
    assert answer.status == 404, "nothing happened then"


# What is sent


def head(request: str, port: int, *lines: str) -> bytes:
    return "\r\n".join([f"{request} HTTP/1.1", f"Host: 127.0.0.1:{port}", *lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        ([], b"", 411),
        (["Transfer-Encoding: chunked"], b"2\r\n{}\r\n0\r\n\r\n", 411),
        (["Content-Length: 2", "Transfer-Encoding: chunked"], b"2\r\n{}\r\n0\r\n\r\n", 411),
        ([f"Content-Length: {MAX_BODY_BYTES + 1}"], b"", 413),
        ([f"Content-Length: {'9' * 30}"], b"", 400),
        (["Content-Length: 2", "Content-Length: 3"], b"{}", 400),
        (["Content-Length: -1"], b"", 400),
        (["Content-Length: 1e3"], b"", 400),
    ],
)
def test_a_body_needs_a_length_and_has_a_limit(
    lines: list[str], body: bytes, status: int, open_site: Site
) -> None:
    request = head("POST /api/reels", open_site.port, *lines, "Connection: close") + body
    assert int(open_site.raw(request).split()[1]) in {status, 413}


@pytest.mark.parametrize(
    "name",
    [
        "../../../secret.txt",
        "..%2f..%2f..%2fsecret.txt",
        "%2e%2e/%2e%2e/%2e%2e/secret.txt",
        "..%252f..%252fsecret.txt",
        "..\\..\\secret.txt",
        "%00reel.mp4",
        "reel.mp4%00",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "",
        ".",
        "..",
        "reel.json~",
        ".reel.mp4",
        "latest",
    ],
)
@pytest.mark.parametrize(
    "place", ["/media/reels/front/1/{}", "/media/clips/{}.mp4", "/media/keyframes/{}/0.jpg", "/static/{}"]
)
def test_no_request_names_a_path(place: str, name: str, open_site: Site) -> None:
    answer = open_site.raw(head(f"GET {place.format(name)}", open_site.port, "Connection: close"))
    assert int(answer.split()[1]) in {400, 404, 405}
    assert b"geheim" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/media/reels/front/99999999999999999999/reel.mp4",
        "/media/reels/front/-1/reel.mp4",
        "/media/reels/front/0x1/reel.mp4",
        "/media/reels/front/%C2%B2/reel.mp4",
        f"/media/keyframes/front-0-00000/{'9' * 5000}.jpg",
        "/media/keyframes/front-0-00000/-1.jpg",
    ],
)
def test_a_number_that_is_none_is_refused(path: str, open_site: Site) -> None:
    assert open_site.get(path).status == 400


@pytest.mark.parametrize(
    "path",
    [
        "/cameras/front%0d%0aSet-Cookie:%20a=b",
        "/reels/front%0d%0aX-Injected:%20yes",
        "/api/moments/a%0d%0aX-Injected:%20yes",
        "/timeline?q=%0d%0aX-Injected:%20yes",
    ],
)
def test_no_header_can_be_injected(path: str, open_site: Site, closed_site: Site) -> None:
    for site in (open_site, closed_site):
        answer = site.get(path, accept="text/html")
        assert "x-injected" not in answer.headers
        assert "set-cookie" not in answer.headers


def test_a_head_that_is_no_http_is_refused(open_site: Site) -> None:
    assert open_site.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").startswith(b"HTTP/1.1 400")
    long = head("GET /", open_site.port, f"X-Long: {'x' * 200_000}")
    assert b"200 OK" not in open_site.raw(long)
    assert open_site.get("/api/cameras").status == 200


# Ranges

CLIP = "/media/clips/front-0-00000.mp4"


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        ("bytes=0-9", 206, VIDEO[:10]),
        ("bytes=10-", 206, VIDEO[10:]),
        ("bytes=-10", 206, VIDEO[-10:]),
        (f"bytes=5-{10**30}", 206, VIDEO[5:]),
        (f"bytes={len(VIDEO)}-", 416, None),
        (f"bytes={10**30}-", 416, None),
    ],
)
def test_a_range_is_answered(wanted: str, status: int, body: bytes | None, open_site: Site) -> None:
    answer = open_site.get(CLIP, range=wanted)
    assert answer.status == status
    assert body is None or answer.body == body


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=" + ",".join("0-" for _ in range(2000)),
        "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 4000, 2)),
        "bytes=5-1",
        "bytes=--1",
        "bytes=a-b",
        "bytes=",
        "lines=0-1",
        "bytes=" + "9" * 5000 + "-",
        "bytes=²-³",
    ],
)
def test_a_range_that_asks_for_too_much_gets_no_more_than_the_file(wanted: str, open_site: Site) -> None:
    answer = open_site.ask(CLIP, headers={"Range": wanted.encode("latin-1", "replace").decode("latin-1")})
    assert answer.status in {200, 206, 400, 416}
    assert len(answer.body) < 2 * len(VIDEO) + 200 * 2000
    assert open_site.get(CLIP).body == VIDEO


def test_a_clip_says_where_it_begins(open_site: Site) -> None:
    answer = open_site.ask(CLIP, "HEAD")
    assert (answer.headers["x-start-s"], answer.body) == ("1.500", b"")


# Headers


@pytest.mark.parametrize(("path", "status"), ANSWERS)
def test_every_answer_carries_the_headers_that_protect_its_reader(
    path: str, status: int, open_site: Site, closed_site: Site
) -> None:
    assert open_site.get(path).status == status
    for site in (open_site, closed_site):
        headers = site.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_a_fault_of_the_program_carries_them_too(tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        site.do(lambda: setattr(site.sink.board, "cameras", None))
        answer = site.get("/api/cameras")
    assert answer.status == 500
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_ledger_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        site.ledger.close()
        (tmp_path / "ledger.db").write_bytes(b"no database at all " * 1000)
        answer = site.get("/api/moments")
    assert answer.status == 503
    assert len(answer.json()["error"].splitlines()) == 1


def test_media_are_kept_by_the_browser_alone(open_site: Site) -> None:
    assert open_site.get(CLIP).headers["cache-control"].startswith("private")


# Slow clients


def test_a_client_that_sends_no_whole_request_is_disconnected(tmp_path: Path) -> None:
    with serving(tmp_path, timeouts=ClientTimeouts(request_s=0.3)) as site:
        for begun in (b"", b"GET / HTTP/1.1\r\nHost: 127", head("GET /healthz", site.port) + b"GET /"):
            with socket.create_connection(("127.0.0.1", site.port), LONG_S) as client:
                client.sendall(begun)
                received(client)
        assert site.get("/healthz").status == 200


def test_a_client_that_does_not_read_is_disconnected(tmp_path: Path) -> None:
    big = tmp_path / "clips" / "big.mp4"
    with serving(tmp_path, timeouts=ClientTimeouts(read_s=0.3)) as site:
        big.parent.mkdir(exist_ok=True)
        with big.open("wb") as file:
            file.truncate(64 << 20)
        told = moment(0)
        window = replace(told.window, clip=Clip(big, 0.0))
        site.ledger.windows.add(window, PENDING)
        with closing(socket.create_connection(("127.0.0.1", site.port), LONG_S)) as client:
            client.sendall(head("GET /media/clips/front-0-00000.mp4", site.port))
            until(lambda: site.sink.connections == 1, "the connection")
            until(lambda: site.sink.connections == 0, "its end")
            assert len(received(client)) < 64 << 20
        assert site.get("/healthz").status == 200
