"""Verdicts on moments over the JSON API."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sinks.feedback import FeedbackError, FeedbackStore, verdict_of
from sinks.web.access import Guard
from sinks.web.api import object_of, reading

READ_ONLY = "set web.token to allow changes"


def routes(store: FeedbackStore, guard: Guard) -> list[Route]:
    """Return the route by which a moment is judged."""

    async def judge(request: Request) -> Response:
        """Store a body's ``verdict`` on a moment; 403 where nothing may be changed, as there is no token."""
        if not guard.wants_token:
            raise HTTPException(403, READ_ONLY)
        try:
            verdict = verdict_of(await object_of(request))
        except FeedbackError as error:
            raise HTTPException(400, str(error)) from error
        window_id = request.path_params["window_id"]
        if not await reading(store.judge, window_id, verdict):
            raise HTTPException(404, "there is no such moment")
        return JSONResponse({"window_id": window_id, "verdict": verdict})

    return [Route("/api/moments/{window_id}/feedback", judge, methods=["POST"])]
