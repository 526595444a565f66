"""Media files, by the ids of what they belong to: no request names a path."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from functools import partial
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from analyzer.reel.settings import ExportFormat
from base.daemon_thread import run_in_daemon_thread
from sinks.archive import Archive
from sinks.web.access import REPORT_POLICY
from sinks.web.api import MAX_SEQ, found, reading, unless_failed, whole
from sinks.web.board import Board

_REPORT = "report.html"
MAX_KEYFRAME = 999
_EXPORTS = {kind.file_name: kind for kind in ExportFormat}
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
        self._exporting = asyncio.Lock()

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
        """Return a file of a reel's folder, or one that is made for editors."""
        asked = request.path_params
        seq = whole(asked["seq"], "seq", 1, MAX_SEQ)
        if asked["name"] in _EXPORTS:
            return await self._exported(asked["reel_id"], seq, _EXPORTS[asked["name"]])
        path = found(await reading(self._archive.reel_file, asked["reel_id"], seq, asked["name"]))
        policy = {"Content-Security-Policy": REPORT_POLICY} if asked["name"] == _REPORT else {}
        return _file(path, {**_FOREVER, **policy})

    async def _exported(self, reel_id: str, seq: int, kind: ExportFormat) -> Response:
        """Return a reel for editors, made in a temporary folder; one at a time, as it may be encoded."""
        if self._exporting.locked():
            raise HTTPException(503, "another export is being made: try again in a minute")
        async with self._exporting:
            folder = Path(await run_in_threadpool(tempfile.mkdtemp))
            file = folder / kind.file_name
            try:
                # A thread that the end of the program does not wait for: a zip may take a minute.
                making = run_in_daemon_thread(partial(self._archive.export, reel_id, seq, kind, file))
                is_made = await unless_failed(making)
                found(is_made or None)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)  # not in a thread: it may be cancelled again
                raise
        name = f"{reel_id}-{seq}{file.suffix}"
        return _OnceResponse(file, filename=name)


class _OnceResponse(FileResponse):
    """Returns the only file of a folder, which is removed afterwards, however that ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            shutil.rmtree(Path(self.path).parent, ignore_errors=True)


def _file(path: Path, headers: dict[str, str]) -> Response:
    """Return a file; 404 where it has been removed."""
    return FileResponse(found(path if path.is_file() else None), headers=headers)
