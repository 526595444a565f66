"""Cameras live: one answer without an end for each viewer."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Send

from sinks.live_view import LiveView, ViewKind
from sinks.web.api import found
from sinks.web.board import Board

_PICTURES = {"video": ViewKind.VIDEO, "preview": ViewKind.PREVIEW}
# A proxy that collected the messages would delay them.
_HEADERS = {"X-Accel-Buffering": "no"}


def routes(view: LiveView, board: Board) -> list[Route]:
    """Return the route of what cameras show now."""
    return [Route("/api/cameras/{name}/live", Live(view, board).stream)]


class Live:
    """The endpoint."""

    def __init__(self, view: LiveView, board: Board) -> None:
        self._view = view
        self._board = board

    async def stream(self, request: Request) -> Response:
        """Stream messages, as ``sinks.live_view`` has them: pictures, sound where it is wanted, motion."""
        name = request.path_params["name"]
        found(self._board.cameras.get(name))
        picture = _PICTURES.get(request.query_params.get("picture", "video"))
        if picture is None:
            raise HTTPException(400, f"picture: expected {' or '.join(_PICTURES)}")
        kinds = {picture, ViewKind.MOTION}
        if picture is ViewKind.VIDEO and request.query_params.get("sound") == "1":
            kinds.add(ViewKind.SOUND)
        messages = self._view.watch(name, kinds)
        return _Stream(messages, media_type="application/octet-stream", headers=_HEADERS)


class _Stream(StreamingResponse):
    """Closes its iterator at once when the client has gone, so that the camera's process sends no more."""

    async def stream_response(self, send: Send) -> None:
        iterator: Any = self.body_iterator
        async with aclosing(iterator):
            await super().stream_response(send)
