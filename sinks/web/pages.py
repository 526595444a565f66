"""The pages: HTML from templates, in which all text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from base import local_time
from base.clock import utc_text
from sinks.archive import Archive, NamedReelNow, Row
from sinks.web.access import COOKIE, Guard
from sinks.web.api import ReelMaker, body_of, found, moment_query, reading, reel_of
from sinks.web.board import Board
from sinks.web.openapi.paths import PATHS, document

FOLDER = Path(__file__).parent
REELS_SHOWN = 60


def routes(pages: Pages) -> list[Route]:
    """Return the routes of the pages and of the login."""
    return [
        Route("/", pages.home),
        Route("/cameras/{name}", pages.camera),
        Route("/cameras/{name}/tune", pages.tune),
        Route("/timeline", pages.timeline),
        Route("/reels", pages.reels),
        Route("/reels/{reel_id}", pages.reel),
        Route("/api", pages.api),
        Route("/openapi.json", pages.openapi),
        Route("/login", pages.login, methods=["GET"]),
        Route("/login", pages.log_in, methods=["POST"]),
    ]


class Pages:
    """The endpoints."""

    def __init__(self, archive: Archive, board: Board, reels: ReelMaker, guard: Guard, version: str) -> None:
        self._archive = archive
        self._board = board
        self._reels = reels
        self._guard = guard
        self._version = version
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["zone"] = local_time.zone
        self._templates.filters["offset_s"] = _offset_s

    async def home(self, request: Request) -> Response:
        """Show the newest reel with its story, and the cameras as they are now."""
        reels = await reading(self._archive.reels, REELS_SHOWN)
        newest = _newest(reels, self._reels.named())
        said = await reading(_said, self._archive, newest)
        return self._page(request, "home.html", reel=newest, said=said, cameras=self._cameras())

    async def camera(self, request: Request) -> Response:
        """Show one camera: its newest picture, its motion as it comes, its newest moments."""
        name = request.path_params["name"]
        now = found(self._board.cameras.get(name))
        return self._page(request, "camera.html", camera=now.row(name))

    async def tune(self, request: Request) -> Response:
        """Show a form that tries other settings on what a camera has stored."""
        name = request.path_params["name"]
        found(self._board.cameras.get(name))
        return self._page(request, "tune.html", camera=name)

    async def timeline(self, request: Request) -> Response:
        """Show the day of each camera, and search."""
        query = moment_query(request, self._archive)
        moments = await reading(self._archive.search, query)
        return self._page(
            request, "timeline.html", query=query, moments=moments, cameras=list(self._archive.cameras)
        )

    async def reels(self, request: Request) -> Response:
        """List the reels."""
        reels = await reading(self._archive.reels, REELS_SHOWN)
        return self._page(request, "reels.html", reels=reels, named=self._reels.named())

    async def reel(self, request: Request) -> Response:
        """Show a reel of a name, the newest or the one that is asked for, and those before it."""
        name, seq = reel_of(request)
        now = next((reel for reel in self._reels.named() if reel.name == name), None)
        shown = await reading(self._archive.reel, name, seq)
        if shown is None and (seq is not None or now is None):
            raise HTTPException(404, "there is none")
        said = await reading(_said, self._archive, shown)
        history = await reading(self._archive.reels, REELS_SHOWN if now is None else now.keep, name)
        return self._page(request, "reel.html", name=name, reel=shown, said=said, now=now, history=history)

    async def api(self, request: Request) -> Response:
        """Describe the JSON API for people."""
        return self._page(request, "api.html", paths=PATHS)

    async def openapi(self, request: Request) -> Response:
        """Describe the JSON API for programs."""
        return JSONResponse(document(self._version, request.scope.get("root_path", "")))

    async def login(self, request: Request) -> Response:
        """Ask for the token."""
        return self._page(request, "login.html", problem=None)

    async def log_in(self, request: Request) -> Response:
        """Set the cookie for who knows the token."""
        if self._guard.is_throttled():
            problem, status = "Too many wrong tokens: wait a minute.", 429
        elif self._guard.accepts_token(await _token(request)):
            answer = RedirectResponse(f"{request.scope.get('root_path', '')}/", 303)
            secure = request.url.scheme == "https"
            answer.set_cookie(
                COOKIE,
                self._guard.cookie(),
                max_age=30 * 86_400,
                path=f"{request.scope.get('root_path', '')}/",
                httponly=True,
                secure=secure,
                samesite="strict",
            )
            return answer
        else:
            problem, status = "That is not the token.", 403
        return self._page(request, "login.html", problem=problem, status=status)

    async def refused(self, request: Request, error: Exception) -> Response:
        """Say why a request is not answered: by a page to a browser, and to a program by a line."""
        if not isinstance(error, HTTPException):
            raise TypeError(error)  # registered for it alone
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        if path.startswith("/api/"):
            return JSONResponse({"error": error.detail}, error.status_code, error.headers)
        if path.startswith("/media/") or "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(f"{error.detail}\n", error.status_code, error.headers)
        missing = error.status_code == 404
        heading = "There is no such page" if missing else "This cannot be shown"
        detail = "It may have been removed since, as old reels are." if missing else error.detail
        return self._page(request, "error.html", status=error.status_code, heading=heading, detail=detail)

    def _cameras(self) -> list[Row]:
        return [camera.row(name) for name, camera in self._board.cameras.items()]

    def _page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        text = self._templates.get_template(template).render(
            root=request.scope.get("root_path", ""),
            path=request.url.path,
            may_change=self._guard.wants_token,
            version=self._version,
            now_utc=utc_text(datetime.now(UTC)),
            **values,
        )
        return HTMLResponse(text, status)


async def _token(request: Request) -> str:
    """Return the token of a login form."""
    form = parse_qs((await body_of(request)).decode(errors="replace"), max_num_fields=8)
    return next(iter(form.get("token", [])), "").strip()


def _offset_s(utc: str) -> int:
    """Return how far this machine's zone is ahead of UTC at a time."""
    offset = local_time.local(utc).utcoffset()
    return round(offset.total_seconds()) if offset else 0


def _said(archive: Archive, reel: Row | None) -> list[list[str]]:
    """Return what is said in each chapter of a reel, as far as its windows are still stored."""
    chapters = reel["chapters"] if reel else ()
    return [_said_in(chapter, archive.moment(chapter["window_id"])) for chapter in chapters]


def _said_in(chapter: Row, window: Row | None) -> list[str]:
    speech = window["sound"]["speech"] if window and window["sound"] else ()
    shown = (it for it in speech if it["end_s"] > chapter["start_s"] and it["start_s"] < chapter["end_s"])
    return [it["text"] for it in shown if it["text"]]


def _newest(reels: list[Row], named: Sequence[NamedReelNow]) -> Row | None:
    """Return the newest of the reels over the most cameras; one on demand only where there is no other."""
    widths = {reel.name: len(reel.cameras) for reel in named}
    return max(reels, key=lambda reel: widths.get(reel["id"], 0), default=None)
