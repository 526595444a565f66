"""``/healthz`` and ``/readyz``: whether the program runs, and whether it does its work."""

from __future__ import annotations

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sinks.archive import Archive, ArchiveError
from sinks.events import CameraStatus
from sinks.web.board import Board


def routes(archive: Archive, board: Board) -> list[Route]:
    """Return the routes of both probes; they need no token and name no camera."""
    return [Route("/healthz", _healthy), Route("/readyz", partial(_ready, archive, board))]


async def _healthy(_: Request) -> Response:
    """Answer at all: the loop that serves pages is the one that runs the cameras."""
    return PlainTextResponse("ok\n")


async def _ready(archive: Archive, board: Board, _: Request) -> Response:
    """503 until each camera has been tried, and while what is stored cannot be read."""
    states = [camera.state for camera in board.cameras.values()]
    connecting = states.count(CameraStatus.CONNECTING)
    watching = states.count(CameraStatus.WATCHING)
    try:
        await run_in_threadpool(archive.reels, 1)
    except ArchiveError:
        return PlainTextResponse("what is stored cannot be read\n", 503)
    text = f"{watching} of {len(states)} cameras are watched\n"
    return PlainTextResponse(text, 503 if connecting else 200)
