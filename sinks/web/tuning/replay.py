"""Other settings tried on what a camera has stored, over the JSON API."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from base.clock import utc_text
from sinks.archive import Archive, ArchiveError
from sinks.tuning import Tuner, TuningError
from sinks.web.api import found, object_of, utc_of


def routes(archive: Archive, tuner: Tuner) -> list[Route]:
    """Return the routes by which a camera is tuned."""
    api = Replays(archive, tuner)
    return [
        Route("/api/cameras/{name}/tuning", api.tuning),
        Route("/api/cameras/{name}/replay", api.replay, methods=["POST"]),
    ]


class Replays:
    """The endpoints. They change nothing, and so need no token where reading needs none."""

    def __init__(self, archive: Archive, tuner: Tuner) -> None:
        self._archive = archive
        self._tuner = tuner

    async def tuning(self, request: Request) -> Response:
        """Return a camera's settings, and a picture to draw areas on."""
        try:
            return JSONResponse(await self._tuner.tuning(self._camera(request)))
        except ArchiveError as error:
            raise HTTPException(503, str(error)) from error

    async def replay(self, request: Request) -> Response:
        """Measure a body's time, ``since_utc`` to ``until_utc``, with its ``settings``."""
        camera = self._camera(request)
        wanted = await object_of(request)
        unknown = sorted(set(wanted) - {"since_utc", "until_utc", "settings"})
        if unknown:
            raise HTTPException(400, f"{unknown[0]}: expected since_utc, until_utc and settings")
        since = utc_of(wanted, "since_utc", "")
        until = utc_of(wanted, "until_utc", utc_text(datetime.now(UTC)))
        settings = wanted.get("settings", {})
        if not since or since >= until:
            raise HTTPException(400, "since_utc: expected a time before until_utc")
        if not isinstance(settings, dict):
            raise HTTPException(400, "settings: expected a JSON object")
        try:
            return JSONResponse(await self._tuner.replay(camera, since, until, settings))
        except TuningError as error:
            raise HTTPException(400, str(error)) from error
        except ArchiveError as error:
            raise HTTPException(503, str(error)) from error

    def _camera(self, request: Request) -> str:
        name = str(request.path_params["name"])
        return found(name if name in self._archive.cameras else None)
