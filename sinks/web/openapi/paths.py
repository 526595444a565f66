"""The paths of the API with their operations, and the whole document."""

from __future__ import annotations

from sinks.archive import MAX_COUNTED
from sinks.web.openapi.schemas import (
    NUMBER,
    SCHEMAS,
    TEXT,
    UTC_TIME,
    VERDICT,
    WHOLE,
    Json,
    list_of,
    object_of,
    or_null,
    ref,
)


def _query(name: str, schema: Json, text: str, *, many: bool = False) -> Json:
    kind = {"type": "array", "items": schema} if many else schema
    return {"name": name, "in": "query", "description": text, "schema": kind}


def _in_path(name: str, text: str) -> Json:
    return {"name": name, "in": "path", "required": True, "description": text, "schema": TEXT}


_NAME = _in_path("name", "the camera's name")
_SINCE = _query("since", UTC_TIME, "from then on, this time included")
_UNTIL = _query("until", UTC_TIME, "before then")
_CAMERA = _query("camera", TEXT, "of these cameras; all if none is named", many=True)
_LIMIT = _query("limit", {"type": "integer", "minimum": 1, "maximum": 500}, "at most so many, 50 by default")
_SEQ = _query("seq", {"type": "integer", "minimum": 1}, "this reel of the id; the newest if not given")

_PARTS = _query(
    "parts",
    {"type": "integer", "minimum": 1, "maximum": 1440},
    "what is shorter than the time divided by this is joined; 1440 by default",
)

_SHORT_SPAN: Json = {
    "type": "array",
    "prefixItems": [TEXT, {"enum": [0, 1]}, NUMBER, NUMBER],
    "minItems": 4,
    "maxItems": 4,
    "description": "state, observed, start and end in seconds since since_utc",
}
_SPANS: Json = {"type": "array", "items": {"anyOf": [ref("Span"), _SHORT_SPAN]}}

_MARK: Json = {
    "type": "array",
    "prefixItems": [{"enum": ["speech", "loud", "change"]}, NUMBER, NUMBER, NUMBER],
    "minItems": 4,
    "maxItems": 4,
    "description": "kind, start and end in seconds since since_utc, and the seconds of speech in it, or the "
    "number of peaks, which have no length",
}
_MARKS: Json = {"type": "array", "items": _MARK}

_ERRORS = {
    400: "A parameter is wrong",
    401: "A token is needed",
    403: "The host is unknown, the request comes from another site, or no token is set that allows changes",
    404: "There is none",
    503: "What is stored cannot be read now",
}


def _operation(
    summary: str, answer: Json, *parameters: Json, code: int = 200, body: Json | None = None
) -> Json:
    errors = {str(status): _answer(text, ref("Error")) for status, text in _ERRORS.items()}
    operation: Json = {"summary": summary, "responses": {str(code): _answer(summary, answer), **errors}}
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _answer(text: str, schema: Json) -> Json:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


PATHS: dict[str, Json] = {
    "/api/cameras": {
        "get": _operation(
            "Each camera as it is now",
            object_of(
                {"cameras": list_of("Camera"), "describer": or_null(TEXT), "transcriber": or_null(TEXT)}
            ),
        )
    },
    "/api/cameras/{name}/tuning": {
        "get": _operation(
            "A camera's settings, and a picture to draw areas on",
            object_of(
                {
                    "camera": TEXT,
                    "settings": ref("Settings"),
                    "picture": or_null(
                        object_of(
                            {
                                "window_id": TEXT,
                                "keyframe": WHOLE,
                                "width_px": WHOLE,
                                "height_px": WHOLE,
                                "end_utc": UTC_TIME,
                            }
                        )
                    ),
                }
            ),
            _NAME,
        )
    },
    "/api/cameras/{name}/replay": {
        "post": _operation(
            "What was picked in a time, and what changed settings would pick, of up to 10 minutes of clips",
            ref("Replay"),
            _NAME,
            body=object_of(
                {"since_utc": UTC_TIME, "until_utc": UTC_TIME, "settings": ref("Changes")},
                "until_utc",
                "settings",
            ),
        )
    },
    "/api/cameras/{name}/live": {
        "get": {
            "summary": "What the camera sends now, without an end",
            "parameters": [
                _NAME,
                _query("picture", {"type": "string", "enum": ["video", "preview"]}, "video by default"),
                _query("sound", {"type": "string", "enum": ["1"]}, "its sound, too"),
            ],
            "responses": {
                "200": {
                    "description": "messages: a tag (1 byte), the size of the content (4 bytes), the content",
                    "content": {"application/octet-stream": {"schema": {"type": "string"}}},
                }
            },
        }
    },
    "/api/cameras/{name}/windows": {
        "get": _operation(
            "The motion signal of the camera's newest windows, the oldest first",
            object_of({"windows": list_of("Signal")}),
            _NAME,
        )
    },
    "/api/moments": {
        "get": _operation(
            "Moments that match, newest first",
            object_of({"moments": list_of("Window"), "count": WHOLE}, "count"),
            _query("q", TEXT, 'words, "phrases", car* and -car, in title, text, tags and what was said'),
            _CAMERA,
            _SINCE,
            _UNTIL,
            _query("tag", TEXT, "with any of these tags", many=True),
            _query(
                "min_importance", {"type": "number", "minimum": 0, "maximum": 10}, "at least so important"
            ),
            _query("alerts", {"type": "string", "enum": ["1", "true", "on"]}, "only alerts"),
            _query(
                "count",
                {"type": "string", "enum": ["1", "true"]},
                f"count, too, how many match, whatever the limit; {MAX_COUNTED} at most",
            ),
            _LIMIT,
        )
    },
    "/api/moments/{window_id}": {
        "get": _operation(
            "One window with its moment", ref("Window"), _in_path("window_id", "the window's id")
        )
    },
    "/api/moments/{window_id}/feedback": {
        "post": _operation(
            "Keep a moment, or mark it dull: reels show more or less of what is like it; needs web.token",
            object_of({"window_id": TEXT, "verdict": or_null(VERDICT)}),
            _in_path("window_id", "the window's id"),
            body=ref("Verdict"),
        )
    },
    "/api/timeline": {
        "get": _operation(
            "The spans of each camera, of the last day by default",
            object_of(
                {
                    "since_utc": UTC_TIME,
                    "until_utc": UTC_TIME,
                    "cameras": {"type": "object", "additionalProperties": _SPANS},
                }
            ),
            _CAMERA,
            _SINCE,
            _UNTIL,
            _PARTS,
            _query("short", {"type": "string", "enum": ["1", "true"]}, "spans as short lists"),
        )
    },
    "/api/sounds": {
        "get": _operation(
            "The speech and the peaks of sound of each camera, of the last day by default, which is the most",
            object_of(
                {
                    "since_utc": UTC_TIME,
                    "until_utc": UTC_TIME,
                    "cameras": {"type": "object", "additionalProperties": _MARKS},
                }
            ),
            _CAMERA,
            _SINCE,
            _UNTIL,
            _PARTS,
        )
    },
    "/api/gaps": {
        "get": _operation(
            "Time that was not observed, of the last day by default",
            object_of({"gaps": list_of("Gap")}),
            _SINCE,
        )
    },
    "/api/reels": {
        "get": _operation(
            "The newest reels, and when each named one is made",
            object_of({"reels": list_of("Reel"), "named": list_of("NamedReel")}),
            _query("name", TEXT, "of this name; all if not given"),
            _LIMIT,
        ),
        "post": _operation(
            "Make the next reel of a name, or a reel of a time, of some cameras or all",
            object_of({"id": TEXT, "seq": WHOLE}),
            code=201,
            body=ref("Wanted"),
        ),
    },
    "/api/reels/{reel_id}": {
        "get": _operation("A reel with its story", ref("Reel"), _in_path("reel_id", "the reel's id"), _SEQ)
    },
    "/api/events": {
        "get": {
            "summary": "Events as they happen",
            "responses": {
                "200": {
                    "description": "camera, motion, peak, window, moment, speech, reel, gap, describer, "
                    "transcriber, alive or missed",
                    "content": {"text/event-stream": {"schema": TEXT}},
                }
            },
        }
    },
}


def document(version: str, root_path: str) -> Json:
    """Return the description of the API below ``root_path``."""
    bearer = {"type": "http", "scheme": "bearer", "description": "web.token, where one is set"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "livereel",
            "version": version,
            "description": "What is stored and what happens, and reels on demand. Times are UTC.",
        },
        "servers": [{"url": root_path or "/"}],
        "security": [{}, {"token": []}],
        "paths": PATHS,
        "components": {"schemas": SCHEMAS, "securitySchemes": {"token": bearer}},
    }
