"""``/openapi.json``: the JSON API described for programs (OpenAPI 3.1), and ``/api`` for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sinks.archive import MAX_COUNTED

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_WHOLE: Json = {"type": "integer", "minimum": 0}
_TRUTH: Json = {"type": "boolean"}
_UTC: Json = {"type": "string", "format": "date-time"}
_VERDICT: Json = {"type": "string", "enum": ["keep", "dull"]}
_LIST: Json = {"type": "array", "items": _TEXT}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(properties: Mapping[str, Json], *optional: str) -> Json:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required}


def _list(of: str) -> Json:
    return {"type": "array", "items": _ref(of)}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


_SOUND: Json = _object(
    {
        "level_db_max": _NUMBER,
        "floor_db": _NUMBER,
        "threshold_db": _NUMBER,
        "peaks": {
            "type": "array",
            "items": _object(
                {
                    "pts_s": _NUMBER,
                    "level_db": _NUMBER,
                    "rise_db": _NUMBER,
                    "kind": {"type": "string", "enum": ["loud", "change"]},
                }
            ),
        },
        "speech": {
            "type": "array",
            "items": _object({"start_s": _NUMBER, "end_s": _NUMBER, "text": _TEXT}),
            "description": "speech, in media time; text is empty while it is not known",
        },
        "transcript": {
            **_or_null(_object({"model": _TEXT, "latency_s": _NUMBER, "late": _TRUTH})),
            "description": "who has recognised the text; late: after the window was described",
        },
        "clipped_s": _NUMBER,
        "microphone": {"type": "string", "enum": ["live", "silent", "dead"]},
    }
)
_AREAS: Json = {
    "type": "array",
    "items": {"type": "array"},
    "description": "[x, y, width, height], or corners [[x, y], ...]; pixels of the displayed picture",
}
_SETTINGS: dict[str, Json] = {
    "height_ratio": _NUMBER,
    "distance_frames": {"type": "integer", "minimum": 1},
    "max_keyframes": {"type": "integer", "minimum": 1},
    "regions": _AREAS,
    "ignore": _AREAS,
}


def _side(**more: Json) -> Json:
    """Return one side of a comparison; times are seconds from the window's start."""
    peak = {"at_s": _NUMBER, "value": _NUMBER}
    return _object(
        {
            "threshold": _NUMBER,
            "signal": {"type": "array", "items": _NUMBER},
            "peaks": {"type": "array", "items": _object(peak)},
            "keyframes": {"type": "array", "items": _object({**peak, **more})},
        }
    )


SCHEMAS: dict[str, Json] = {
    "Settings": _object(_SETTINGS),
    "Changes": _object(_SETTINGS, *_SETTINGS),
    "Replay": _object(
        {
            "camera": _TEXT,
            "width_px": _WHOLE,
            "height_px": _WHOLE,
            "since_utc": _UTC,
            "until_utc": _UTC,
            "older_left_out": _TRUTH,
            "unreadable": {**_WHOLE, "description": "windows whose clips cannot be read"},
            "note": _TEXT,
            "signal_step_s": _NUMBER,
            "windows": {
                "type": "array",
                "items": _object(
                    {
                        "id": _TEXT,
                        "start_utc": _UTC,
                        "length_s": _NUMBER,
                        "stored": _side(number=_or_null(_WHOLE)),
                        "replayed": _side(picture={**_TEXT, "description": "a JPEG as a data: address"}),
                    }
                ),
            },
        }
    ),
    "Error": _object({"error": {**_TEXT, "description": "one line"}}),
    "Camera": _object(
        {
            "name": _TEXT,
            "state": _TEXT,
            "reason": _or_null(_TEXT),
            "since_utc": _TEXT,
            "moving": _TRUTH,
            "title": _or_null(_TEXT),
            "described_utc": _or_null(_UTC),
            "window_id": _or_null(_TEXT),
            "preview_utc": _or_null(_UTC),
        }
    ),
    "Window": _object(
        {
            "id": _TEXT,
            "camera": _TEXT,
            "start_utc": _UTC,
            "start_s": _NUMBER,
            "end_s": _NUMBER,
            "outcome": _TEXT,
            "signal_max": _NUMBER,
            "threshold": _NUMBER,
            "peaks": {"type": "array", "items": _object({"pts_s": _NUMBER, "value": _NUMBER})},
            "keyframes": {"type": "array", "items": _object({"pts_s": _NUMBER, "file": _or_null(_TEXT)})},
            "strongest": {**_or_null(_WHOLE), "description": "number of its strongest keyframe, from 0"},
            "clip": _or_null(_TEXT),
            "sound": _or_null(_SOUND),
            "title": _or_null(_TEXT),
            "text": _or_null(_TEXT),
            "importance": _or_null({"type": "number", "minimum": 0, "maximum": 10}),
            "tags": _LIST,
            "alerts": _LIST,
            "model": _or_null(_TEXT),
            "late": _TRUTH,
            "feedback": _or_null(_VERDICT),
        }
    ),
    "Signal": _object(
        {
            "camera": _TEXT,
            "window_id": _TEXT,
            "start_utc": _UTC,
            "length_s": _NUMBER,
            "quiet": _TRUTH,
            "threshold": _NUMBER,
            "signal": {"type": "array", "items": _NUMBER, "description": "the highest value in each step_s"},
            "step_s": _NUMBER,
            "peaks": {"type": "array", "items": _NUMBER, "description": "seconds from the start"},
        }
    ),
    "Span": _object(
        {
            "start_utc": _UTC,
            "end_utc": _UTC,
            "state": {**_TEXT, "description": "a window's outcome, pending, or a gap's reason"},
            "observed": {**_TRUTH, "description": "a window rather than a gap"},
        }
    ),
    "Gap": _object({"camera": _TEXT, "start_utc": _UTC, "end_utc": _UTC, "reason": _TEXT}),
    "Reel": {
        **_object(
            {
                "id": _TEXT,
                "seq": {"type": "integer", "minimum": 1},
                "title": _TEXT,
                "narrative": _TEXT,
                "cameras": _LIST,
                "start_utc": _UTC,
                "end_utc": _UTC,
                "duration_s": _NUMBER,
                "chapters": {"type": "array", "items": {"type": "object"}},
                "gaps": _list("Gap"),
            }
        ),
        "description": "as reel.json has it",
    },
    "Verdict": _object({"verdict": {**_or_null(_VERDICT), "description": "null withdraws it"}}),
    "NamedReel": _object(
        {
            "name": _TEXT,
            "cameras": _LIST,
            "schedule": {**_TEXT, "description": "such as: daily at 20:00 (Europe/Berlin)"},
            "next_utc": _UTC,
            "keep": {"type": "integer", "minimum": 1, "description": "so many stay, the newest"},
        }
    ),
    "Wanted": {
        **_object(
            {"name": _TEXT, "since_utc": _UTC, "until_utc": _UTC, "cameras": _LIST},
            "name",
            "since_utc",
            "until_utc",
            "cameras",
        ),
        "description": "name alone: the next reel of that name; else since_utc is needed",
    },
}


def _query(name: str, schema: Json, text: str, *, many: bool = False) -> Json:
    kind = {"type": "array", "items": schema} if many else schema
    return {"name": name, "in": "query", "description": text, "schema": kind}


def _in_path(name: str, text: str) -> Json:
    return {"name": name, "in": "path", "required": True, "description": text, "schema": _TEXT}


_NAME = _in_path("name", "the camera's name")
_SINCE = _query("since", _UTC, "from then on, this time included")
_UNTIL = _query("until", _UTC, "before then")
_CAMERA = _query("camera", _TEXT, "of these cameras; all if none is named", many=True)
_LIMIT = _query("limit", {"type": "integer", "minimum": 1, "maximum": 500}, "at most so many, 50 by default")
_SEQ = _query("seq", {"type": "integer", "minimum": 1}, "this reel of the id; the newest if not given")

_SHORT_SPAN: Json = {
    "type": "array",
    "prefixItems": [_TEXT, {"enum": [0, 1]}, _NUMBER, _NUMBER],
    "minItems": 4,
    "maxItems": 4,
    "description": "state, observed, start and end in seconds since since_utc",
}
_SPANS: Json = {"type": "array", "items": {"anyOf": [_ref("Span"), _SHORT_SPAN]}}

_NAME = _in_path("name", "the camera's name")

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
    errors = {str(status): _answer(text, _ref("Error")) for status, text in _ERRORS.items()}
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
            _object(
                {"cameras": _list("Camera"), "describer": _or_null(_TEXT), "transcriber": _or_null(_TEXT)}
            ),
        )
    },
    "/api/cameras/{name}/tuning": {
        "get": _operation(
            "A camera's settings, and a picture to draw areas on",
            _object(
                {
                    "camera": _TEXT,
                    "settings": _ref("Settings"),
                    "picture": _or_null(
                        _object(
                            {
                                "window_id": _TEXT,
                                "keyframe": _WHOLE,
                                "width_px": _WHOLE,
                                "height_px": _WHOLE,
                                "end_utc": _UTC,
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
            _ref("Replay"),
            _NAME,
            body=_object(
                {"since_utc": _UTC, "until_utc": _UTC, "settings": _ref("Changes")}, "until_utc", "settings"
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
            _object({"windows": _list("Signal")}),
            _NAME,
        )
    },
    "/api/moments": {
        "get": _operation(
            "Moments that match, newest first",
            _object({"moments": _list("Window"), "count": _WHOLE}, "count"),
            _query("q", _TEXT, 'words, "phrases", car* and -car, in title, text, tags and what was said'),
            _CAMERA,
            _SINCE,
            _UNTIL,
            _query("tag", _TEXT, "with any of these tags", many=True),
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
            "One window with its moment", _ref("Window"), _in_path("window_id", "the window's id")
        )
    },
    "/api/moments/{window_id}/feedback": {
        "post": _operation(
            "Keep a moment, or mark it dull: reels show more or less of what is like it; needs web.token",
            _object({"window_id": _TEXT, "verdict": _or_null(_VERDICT)}),
            _in_path("window_id", "the window's id"),
            body=_ref("Verdict"),
        )
    },
    "/api/timeline": {
        "get": _operation(
            "The spans of each camera, of the last day by default",
            _object(
                {
                    "since_utc": _UTC,
                    "until_utc": _UTC,
                    "cameras": {"type": "object", "additionalProperties": _SPANS},
                }
            ),
            _CAMERA,
            _SINCE,
            _UNTIL,
            _query(
                "parts",
                {"type": "integer", "minimum": 1, "maximum": 1440},
                "spans shorter than the time divided by this are joined; 1440 by default",
            ),
            _query("short", {"type": "string", "enum": ["1", "true"]}, "spans as short lists"),
        )
    },
    "/api/gaps": {
        "get": _operation(
            "Time that was not observed, of the last day by default",
            _object({"gaps": _list("Gap")}),
            _SINCE,
        )
    },
    "/api/reels": {
        "get": _operation(
            "The newest reels, and when each named one is made",
            _object({"reels": _list("Reel"), "named": _list("NamedReel")}),
            _query("name", _TEXT, "of this name; all if not given"),
            _LIMIT,
        ),
        "post": _operation(
            "Make the next reel of a name, or a reel of a time, of some cameras or all",
            _object({"id": _TEXT, "seq": _WHOLE}),
            code=201,
            body=_ref("Wanted"),
        ),
    },
    "/api/reels/{reel_id}": {
        "get": _operation("A reel with its story", _ref("Reel"), _in_path("reel_id", "the reel's id"), _SEQ)
    },
    "/api/events": {
        "get": {
            "summary": "Events as they happen",
            "responses": {
                "200": {
                    "description": "camera, motion, peak, window, moment, speech, reel, gap, describer, "
                    "transcriber or missed",
                    "content": {"text/event-stream": {"schema": _TEXT}},
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
