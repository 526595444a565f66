"""Media files, by the ids of what they belong to: no request names a path."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from sinks.archive import Archive
from sinks.web.access import REPORT_POLICY
from sinks.web.api import MAX_SEQ, found, reading, whole
from sinks.web.board import Board

_REPORT = "report.html"
MAX_KEYFRAME = 999
# Files of these names never change once they are there.
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}


def routes(archive: Archive, board: Board) -> list[Route]:
    """Return the routes below ``/media``."""
    media = Media(archive, board)
    return [
        Route("/media/clips/{window_id}.mp4", media.clip),
        Route("/media/keyframes/{window_id}/{number}.jpg", media.keyframe),
        Route("/media/preview/{camera}.jpg", media.preview),
        Route("/media/reels/{reel_id}/{seq}/{name}", media.reel_file),
    ]


class Media:
    """The endpoints. Ranges are answered as browsers ask for them, to seek in a video."""

    def __init__(self, archive: Archive, board: Board) -> None:
        self._archive = archive
        self._board = board

    async def clip(self, request: Request) -> Response:
        """Return a window's clip; the header ``X-Start-S`` is the media time at which it begins."""
        path, start_s = found(await reading(self._archive.clip, request.path_params["window_id"]))
        return _file(path, {**_FOREVER, "X-Start-S": f"{start_s:.3f}"})

    async def keyframe(self, request: Request) -> Response:
        """Return a keyframe's picture."""
        asked = request.path_params
        number = whole(asked["number"], "number", 0, MAX_KEYFRAME)
        path = found(await reading(self._archive.keyframe, asked["window_id"], number))
        return _file(path, _FOREVER)

    async def preview(self, request: Request) -> Response:
        """Return the newest keyframe of a camera."""
        camera = found(self._board.cameras.get(request.path_params["camera"]))
        return Response(found(camera.preview or None), media_type="image/jpeg")

    async def reel_file(self, request: Request) -> Response:
        """Return a file of a reel's folder."""
        asked = request.path_params
        seq = whole(asked["seq"], "seq", 1, MAX_SEQ)
        path = found(await reading(self._archive.reel_file, asked["reel_id"], seq, asked["name"]))
        policy = {"Content-Security-Policy": REPORT_POLICY} if asked["name"] == _REPORT else {}
        return _file(path, {**_FOREVER, **policy})


def _file(path: Path, headers: dict[str, str]) -> Response:
    """Return a file; 404 where it has been removed."""
    return FileResponse(found(path if path.is_file() else None), headers=headers)
