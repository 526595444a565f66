"""What the API takes and answers, as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
WHOLE: Json = {"type": "integer", "minimum": 0}
TRUTH: Json = {"type": "boolean"}
UTC_TIME: Json = {"type": "string", "format": "date-time"}
VERDICT: Json = {"type": "string", "enum": ["keep", "dull"]}
TEXTS: Json = {"type": "array", "items": TEXT}


def or_null(schema: Json) -> Json:
    """Return the schema of what may be null."""
    return {"anyOf": [schema, {"type": "null"}]}


def object_of(properties: Mapping[str, Json], *optional: str) -> Json:
    """Return the schema of an object; those of its properties that it may lack are ``optional``."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required}


def list_of(of: str) -> Json:
    """Return the schema of a list of what is named in SCHEMAS."""
    return {"type": "array", "items": ref(of)}


def ref(name: str) -> Json:
    """Return a reference to what is named in SCHEMAS."""
    return {"$ref": f"#/components/schemas/{name}"}


_SOUND: Json = object_of(
    {
        "level_db_max": NUMBER,
        "floor_db": NUMBER,
        "threshold_db": NUMBER,
        "peaks": {
            "type": "array",
            "items": object_of(
                {
                    "pts_s": NUMBER,
                    "level_db": NUMBER,
                    "rise_db": NUMBER,
                    "kind": {"type": "string", "enum": ["loud", "change"]},
                }
            ),
        },
        "speech": {
            "type": "array",
            "items": object_of({"start_s": NUMBER, "end_s": NUMBER, "text": TEXT}),
            "description": "speech, in media time; text is empty while it is not known",
        },
        "transcript": {
            **or_null(object_of({"model": TEXT, "latency_s": NUMBER, "late": TRUTH})),
            "description": "who has recognised the text; late: after the window was described",
        },
        "clipped_s": NUMBER,
        "microphone": {"type": "string", "enum": ["live", "silent", "dead"]},
    }
)
_AREAS: Json = {
    "type": "array",
    "items": {"type": "array"},
    "description": "[x, y, width, height], or corners [[x, y], ...]; pixels of the displayed picture",
}
_SETTINGS: dict[str, Json] = {
    "height_ratio": NUMBER,
    "distance_frames": {"type": "integer", "minimum": 1},
    "max_keyframes": {"type": "integer", "minimum": 1},
    "regions": _AREAS,
    "ignore": _AREAS,
}


def _side(**more: Json) -> Json:
    """Return one side of a comparison; times are seconds from the window's start."""
    peak = {"at_s": NUMBER, "value": NUMBER}
    return object_of(
        {
            "threshold": NUMBER,
            "signal": {"type": "array", "items": NUMBER},
            "peaks": {"type": "array", "items": object_of(peak)},
            "keyframes": {"type": "array", "items": object_of({**peak, **more})},
        }
    )


SCHEMAS: dict[str, Json] = {
    "Settings": object_of(_SETTINGS),
    "Changes": object_of(_SETTINGS, *_SETTINGS),
    "Replay": object_of(
        {
            "camera": TEXT,
            "width_px": WHOLE,
            "height_px": WHOLE,
            "since_utc": UTC_TIME,
            "until_utc": UTC_TIME,
            "older_left_out": TRUTH,
            "unreadable": {**WHOLE, "description": "windows whose clips cannot be read"},
            "note": TEXT,
            "signal_step_s": NUMBER,
            "windows": {
                "type": "array",
                "items": object_of(
                    {
                        "id": TEXT,
                        "start_utc": UTC_TIME,
                        "length_s": NUMBER,
                        "stored": _side(number=or_null(WHOLE)),
                        "replayed": _side(picture={**TEXT, "description": "a JPEG as a data: address"}),
                    }
                ),
            },
        }
    ),
    "Error": object_of({"error": {**TEXT, "description": "one line"}}),
    "Camera": object_of(
        {
            "name": TEXT,
            "state": TEXT,
            "reason": or_null(TEXT),
            "since_utc": TEXT,
            "moving": TRUTH,
            "title": or_null(TEXT),
            "described_utc": or_null(UTC_TIME),
            "window_id": or_null(TEXT),
            "preview_utc": or_null(UTC_TIME),
        }
    ),
    "Window": object_of(
        {
            "id": TEXT,
            "camera": TEXT,
            "start_utc": UTC_TIME,
            "start_s": NUMBER,
            "end_s": NUMBER,
            "outcome": TEXT,
            "signal_max": NUMBER,
            "threshold": NUMBER,
            "peaks": {"type": "array", "items": object_of({"pts_s": NUMBER, "value": NUMBER})},
            "keyframes": {"type": "array", "items": object_of({"pts_s": NUMBER, "file": or_null(TEXT)})},
            "strongest": {**or_null(WHOLE), "description": "number of its strongest keyframe, from 0"},
            "clip": or_null(TEXT),
            "sound": or_null(_SOUND),
            "title": or_null(TEXT),
            "text": or_null(TEXT),
            "importance": or_null({"type": "number", "minimum": 0, "maximum": 10}),
            "tags": TEXTS,
            "alerts": TEXTS,
            "model": or_null(TEXT),
            "late": TRUTH,
            "feedback": or_null(VERDICT),
        }
    ),
    "Signal": object_of(
        {
            "camera": TEXT,
            "window_id": TEXT,
            "start_utc": UTC_TIME,
            "length_s": NUMBER,
            "quiet": TRUTH,
            "threshold": NUMBER,
            "signal": {"type": "array", "items": NUMBER, "description": "the highest value in each step_s"},
            "step_s": NUMBER,
            "peaks": {"type": "array", "items": NUMBER, "description": "seconds from the start"},
            "sound": {
                **or_null(
                    object_of(
                        {
                            "peaks": {"type": "array", "items": NUMBER},
                            "speech": {"type": "array", "items": {"type": "array", "items": NUMBER}},
                        }
                    )
                ),
                "description": "its peaks, and the starts and ends of speech, in seconds from the start",
            },
        }
    ),
    "Span": object_of(
        {
            "start_utc": UTC_TIME,
            "end_utc": UTC_TIME,
            "state": {**TEXT, "description": "a window's outcome, pending, or a gap's reason"},
            "observed": {**TRUTH, "description": "a window rather than a gap"},
        }
    ),
    "Gap": object_of({"camera": TEXT, "start_utc": UTC_TIME, "end_utc": UTC_TIME, "reason": TEXT}),
    "Reel": {
        **object_of(
            {
                "id": TEXT,
                "seq": {"type": "integer", "minimum": 1},
                "title": TEXT,
                "narrative": TEXT,
                "cameras": TEXTS,
                "start_utc": UTC_TIME,
                "end_utc": UTC_TIME,
                "duration_s": NUMBER,
                "chapters": {"type": "array", "items": {"type": "object"}},
                "gaps": list_of("Gap"),
            }
        ),
        "description": "as reel.json has it",
    },
    "Verdict": object_of({"verdict": {**or_null(VERDICT), "description": "null withdraws it"}}),
    "NamedReel": object_of(
        {
            "name": TEXT,
            "cameras": TEXTS,
            "schedule": {**TEXT, "description": "such as: daily at 20:00 (Europe/Berlin)"},
            "next_utc": UTC_TIME,
            "keep": {"type": "integer", "minimum": 1, "description": "so many stay, the newest"},
        }
    ),
    "Wanted": {
        **object_of(
            {"name": TEXT, "since_utc": UTC_TIME, "until_utc": UTC_TIME, "cameras": TEXTS},
            "name",
            "since_utc",
            "until_utc",
            "cameras",
        ),
        "description": "name alone: the next reel of that name; else since_utc is needed",
    },
}
