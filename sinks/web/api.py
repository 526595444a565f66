"""The JSON API: what is stored and what happens, and reels on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, Protocol, TypeVar

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from base.clock import parse_utc, utc_text
from sinks.archive import Archive, ArchiveError, MomentQuery, NamedReelNow, SoundMark, Span
from sinks.web.board import Board

P = ParamSpec("P")
T = TypeVar("T")

MAX_LIMIT = 500
MAX_DAYS, MAX_SOUND_DAYS = 31, 1
MAX_TEXT_CHARS = 500
MAX_TAGS = 20
MAX_SEQ = (1 << 63) - 1  # of a whole number in SQLite
BODY_S = 10.0
# A page learns so often that its connection stands; it waits for two of these.
ALIVE_S = 5
# Into so many parts a strip's time is divided at most: the minutes of a day.
MAX_PARTS = 1440


class ReelMaker(Protocol):
    """Makes the reels that a person asks for."""

    def named(self) -> Sequence[NamedReelNow]:
        """Return the reels that are made at their times."""
        ...

    async def make_named(self, name: str) -> dict[str, Any] | None:
        """Make the reel of a name that there is; return as ``make_period`` does."""
        ...

    async def make_period(
        self, since_utc: str, until_utc: str, cameras: tuple[str, ...], like: str | None = None
    ) -> dict[str, Any] | None:
        """Return the reel's ``id`` and ``seq`` once it is made; None where there is nothing to show.

        Its cameras, where none is named, and its look are those of the named reel ``like``. Raises
        ArchiveError when it cannot be made.
        """
        ...


def routes(archive: Archive, board: Board, reels: ReelMaker) -> list[Route]:
    """Return the routes below ``/api``."""
    api = Api(archive, board, reels)
    return [
        Route("/api/cameras", api.cameras),
        Route("/api/cameras/{name}/windows", api.windows),
        Route("/api/moments", api.moments),
        Route("/api/moments/{window_id}", api.moment),
        Route("/api/timeline", api.timeline),
        Route("/api/sounds", api.sounds),
        Route("/api/gaps", api.gaps),
        Route("/api/reels", api.reels, methods=["GET"]),
        Route("/api/reels", api.make_reel, methods=["POST"]),
        Route("/api/reels/{reel_id}", api.reel),
        Route("/api/events", api.events),
    ]


class Api:
    """The endpoints. A wrong parameter is 400 with one line that names it."""

    def __init__(self, archive: Archive, board: Board, reels: ReelMaker) -> None:
        self._archive = archive
        self._board = board
        self._reels = reels

    async def cameras(self, _: Request) -> Response:
        """Return each camera as it is now."""
        rows = [camera.row(name) for name, camera in self._board.cameras.items()]
        models = {"describer": self._board.describer, "transcriber": self._board.transcriber}
        return JSONResponse({"cameras": rows, **models})

    async def windows(self, request: Request) -> Response:
        """Return the motion signal of a camera's newest windows, the oldest first."""
        camera = found(self._board.cameras.get(request.path_params["name"]))
        return JSONResponse({"windows": list(camera.windows)})

    async def moments(self, request: Request) -> Response:
        """Return the moments that match, newest first; with ``count=1`` also how many there are."""
        query = moment_query(request, self._archive)
        answer: dict[str, Any] = {"moments": await reading(self._archive.search, query)}
        if request.query_params.get("count") in {"1", "true"}:
            answer["count"] = await reading(self._archive.count, query)
        return JSONResponse(answer)

    async def moment(self, request: Request) -> Response:
        """Return one window with its moment."""
        return JSONResponse(found(await reading(self._archive.moment, request.path_params["window_id"])))

    async def timeline(self, request: Request) -> Response:
        """Return the spans of each camera between two times, a day of them by default.

        With ``short=1`` a span is a list: its state, whether it is observed (1 or 0), and its start and end
        in seconds since ``since_utc``.
        """
        since, until, least_s = _period(request, MAX_DAYS)
        short = request.query_params.get("short") in {"1", "true"}
        spans = await reading(self._archive.spans, self._wanted(request), since, until, least_s)
        shown = _shorter(since) if short else asdict
        cameras = {name: [shown(span) for span in it] for name, it in spans.items()}
        return JSONResponse({"since_utc": since, "until_utc": until, "cameras": cameras})

    async def sounds(self, request: Request) -> Response:
        """Return speech and peaks of sound of each camera between two times, a day at most.

        Each is a list: its kind, its start and end in seconds since ``since_utc``, and how much.
        """
        since, until, least_s = _period(request, MAX_SOUND_DAYS)
        cameras: dict[str, list[Any]] = {}
        for name in self._wanted(request):
            marks = await reading(self._archive.sounds, name, since, until, least_s)
            ends_s = _ends_since(since)
            cameras[name] = [[mark.kind, *ends_s(mark), mark.amount] for mark in marks]
        return JSONResponse({"since_utc": since, "until_utc": until, "cameras": cameras})

    def _wanted(self, request: Request) -> Sequence[str]:
        return cameras_of(request, self._archive) or self._archive.cameras

    async def gaps(self, request: Request) -> Response:
        """Return the gaps since a time, those of the last day by default."""
        since = time_of(request, "since") or utc_text(datetime.now(UTC) - timedelta(days=1))
        return JSONResponse({"gaps": await reading(self._archive.gaps, since)})

    async def reels(self, request: Request) -> Response:
        """Return the newest reels, those of one name where it is given, and when each named one is made."""
        name = request.query_params.get("name")
        rows = await reading(self._archive.reels, limit_of(request), name)
        return JSONResponse({"reels": rows, "named": [asdict(reel) for reel in self._reels.named()]})

    async def reel(self, request: Request) -> Response:
        """Return a reel: the newest of its id, or the one that ``seq`` names."""
        return JSONResponse(found(await reading(self._archive.reel, *reel_of(request))))

    async def make_reel(self, request: Request) -> Response:
        """Make a reel of a body's ``name``, or of its ``since_utc``, ``until_utc`` and ``cameras``, or both.

        A name alone makes the next reel of that name. Returns its id and seq.
        """
        wanted = await object_of(request)
        name = self._name(wanted)
        if name is not None and wanted.keys() == {"name"}:
            made = await unless_failed(self._reels.make_named(name))
            nothing = "nothing new to show has happened"
        else:
            made = await unless_failed(self._reels.make_period(*self._period(wanted), name))
            nothing = "nothing to show happened in that time"
        if made is None:
            raise HTTPException(404, nothing)
        return JSONResponse(made, 201)

    def _name(self, wanted: dict[str, Any]) -> str | None:
        name, known = wanted.get("name"), [reel.name for reel in self._reels.named()]
        if name is not None and name not in known:
            raise HTTPException(400, f"name: expected one of {', '.join(known)}")
        return name

    def _period(self, wanted: dict[str, Any]) -> tuple[str, str, tuple[str, ...]]:
        now = utc_text(datetime.now(UTC))
        since, until = utc_of(wanted, "since_utc", ""), utc_of(wanted, "until_utc", now)
        if not since or since >= until:
            raise HTTPException(
                400, "since_utc: expected a time before until_utc, such as 2026-01-31T14:00:00Z"
            )
        cameras = wanted.get("cameras") or []
        if not isinstance(cameras, list) or not all(name in self._archive.cameras for name in cameras):
            raise HTTPException(400, f"cameras: expected some of {', '.join(self._archive.cameras)}")
        return since, until, tuple(cameras)

    async def events(self, _: Request) -> Response:
        """Stream events: ``camera``, ``motion``, ``peak``, ``window``, ``moment``, ``reel``, ``gap``."""
        return EventSourceResponse(self._stream(), ping=ALIVE_S, ping_message_factory=_alive)

    async def _stream(self) -> AsyncGenerator[dict[str, str]]:
        async with aclosing(self._board.messages()) as messages:
            async for name, body in messages:
                yield {"event": name, "data": json.dumps(body)}


def _alive() -> ServerSentEvent:
    return ServerSentEvent("{}", event="alive")


async def reading(read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Read in a thread; 503 with the reason where that is not possible now."""
    return await unless_failed(run_in_threadpool(read, *args, **kwargs))


async def unless_failed(work: Awaitable[T]) -> T:
    """Wait for work; 503 with the reason where it raises ArchiveError."""
    try:
        return await work
    except ArchiveError as error:
        raise HTTPException(503, str(error)) from error


def _period(request: Request, max_days: int) -> tuple[str, str, float]:
    """Return since and until, the last day by default, and how long the shortest span is; 400 where wrong."""
    until = time_of(request, "until") or utc_text(datetime.now(UTC))
    since = time_of(request, "since") or _day_before(until)
    length_s = (parse_utc(until) - parse_utc(since)).total_seconds()
    if not 0 < length_s <= max_days * 86_400:
        most = "a day" if max_days == 1 else f"{max_days} days"
        raise HTTPException(400, f"until: must be after since, by {most} at most")
    parts = whole(request.query_params.get("parts", str(MAX_PARTS)), "parts", 1, MAX_PARTS)
    return since, until, length_s / parts


def _shorter(since_utc: str) -> Callable[[Span], list[Any]]:
    ends_s = _ends_since(since_utc)
    return lambda span: [span.state, int(span.observed), *ends_s(span)]


def _ends_since(since_utc: str) -> Callable[[Span | SoundMark], list[float]]:
    since_s = parse_utc(since_utc).timestamp()
    return lambda it: [round(parse_utc(utc).timestamp() - since_s, 1) for utc in (it.start_utc, it.end_utc)]


def found(row: T | None) -> T:
    """Return what was looked for; 404 where there is none."""
    if row is None:
        raise HTTPException(404, "there is none")
    return row


def moment_query(request: Request, archive: Archive) -> MomentQuery:
    """Return the search that a request's query asks for; 400 where it makes no sense."""
    values = request.query_params
    text = values.get("q", "")
    if len(text) > MAX_TEXT_CHARS:
        raise HTTPException(400, f"q: at most {MAX_TEXT_CHARS} characters")
    return MomentQuery(
        text=text,
        cameras=cameras_of(request, archive),
        tags=tuple(tag for tag in values.getlist("tag")[:MAX_TAGS] if tag),
        min_importance=_importance(values.get("min_importance") or "0"),
        alerts_only=values.get("alerts") in {"1", "true", "on"},
        since_utc=time_of(request, "since") or "",
        until_utc=time_of(request, "until") or "",
        limit=limit_of(request),
    )


def _importance(text: str) -> float:
    try:
        least = float(text)
    except ValueError:
        least = -1.0
    if not 0 <= least <= 10:
        raise HTTPException(400, "min_importance: expected a number from 0 to 10")
    return least


def cameras_of(request: Request, archive: Archive) -> tuple[str, ...]:
    """Return the cameras that are asked for, none for all; 400 where one is unknown."""
    named = tuple(dict.fromkeys(name for name in request.query_params.getlist("camera") if name))
    if not all(name in archive.cameras for name in named):
        raise HTTPException(400, f"camera: expected one of {', '.join(archive.cameras)}")
    return named


def limit_of(request: Request) -> int:
    """Return how many are asked for, 50 by default."""
    return whole(request.query_params.get("limit", "50"), "limit", 1, MAX_LIMIT)


def reel_of(request: Request) -> tuple[str, int | None]:
    """Return the id and the number of the reel that is asked for; None for its newest."""
    seq = request.query_params.get("seq")
    number = None if seq is None else whole(seq, "seq", 1, MAX_SEQ)
    return request.path_params["reel_id"], number


def whole(text: str, name: str, low: int, high: int) -> int:
    """Return a whole number of the query; 400 where it is none between ``low`` and ``high``."""
    if text.isascii() and text.isdecimal() and len(text) <= len(str(high)) and low <= int(text) <= high:
        return int(text)
    raise HTTPException(400, f"{name}: expected {low} to {high}")


def _day_before(utc: str) -> str:
    try:
        return utc_text(parse_utc(utc) - timedelta(days=1))
    except OverflowError:
        raise HTTPException(400, "until: expected a later time") from None


def time_of(request: Request, name: str) -> str | None:
    """Return a time of the query as UTC text; a time without a zone is UTC."""
    text = request.query_params.get(name)
    return _utc(name, text) if text else None


def utc_of(values: dict[str, Any], name: str, default: str) -> str:
    """Return a time of a JSON object as UTC text; 400 for what is none."""
    text = values.get(name)
    return default if text is None else _utc(name, text)


def _utc(name: str, text: object) -> str:
    try:
        return utc_text(parse_utc(str(text).replace(" ", "+")))  # a + of the zone that was not escaped
    except (ValueError, OverflowError):
        raise HTTPException(400, f"{name}: expected a time such as 2026-01-31T14:00:00Z") from None


async def body_of(request: Request) -> bytes:
    """Return a request's body; 408 where it does not come within BODY_S."""
    try:
        async with asyncio.timeout(BODY_S):
            return await request.body()
    except TimeoutError:
        raise HTTPException(408, f"the body has not come within {BODY_S:g} s") from None


async def object_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request's body; 400 where it is none."""
    try:
        value = json.loads(await body_of(request))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise HTTPException(400, "the body: expected a JSON object")
    return value
