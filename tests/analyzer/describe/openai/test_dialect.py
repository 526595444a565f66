"""Answers of real servers that refuse a question, and what is changed for it."""

# ruff: noqa: E501  # servers' answers are quoted verbatim

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzer.describe.openai.dialect import Dialect, Fit, Refusal, Search

NAMED: list[tuple[int, str, str, object]] = [
    (400, "At most 4 image(s) may be provided in one prompt.", "pictures", 4),
    (
        400,
        "You set image=1 (or defaulted to 1) in `--limit-mm-per-prompt`, but found 4 items in the same prompt.",
        "pictures",
        4,
    ),
    (400, "Too many images in request: 12. Maximum allowed is 8.", "pictures", 8),
    (400, "Invalid request: too many images and documents: 110 > 100", "pictures", 6),
    (400, "The number of images exceeds the limit of 10", "pictures", 10),
    (400, "only one image is supported per request", "pictures", 1),
    (400, "This model only supports single image input", "pictures", 1),
    (400, "Exceeded image count limit (max 5)", "pictures", 5),
    (422, "Maximum number of images per request is 8", "pictures", 8),
    (400, "Multiple images are not supported", "pictures", 1),
    (400, "vision_input: single-image only", "pictures", 1),
    (400, "Image count 12 exceeds limit 4 per request.", "pictures", 4),
    (400, "Too many images in request. Max is 10.", "pictures", 10),
    (
        200,
        "Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.",
        "side_px",
        320,
    ),
    (500, "the request exceeds the available context size. try increasing the context size", "side_px", 320),
    (500, "rpc error: code = Unknown desc = prompt exceeds context", "side_px", 320),
    (
        422,
        "Input validation error: `inputs` must have less than 4096 tokens. Given: 9000",
        "side_px",
        320,
    ),
    (400, "internal error happened, status code ResponseType.INPUT_LENGTH_ERROR", "side_px", 320),
    (
        400,
        "This model's maximum context length is 4096 tokens. However, your request has 5000 input tokens. Please reduce the length of the input messages.",
        "side_px",
        320,
    ),
    (
        400,
        "The decoder prompt (length 5047) is longer than the maximum model length of 4096. Make sure that `max_model_len` is no smaller than the number of text tokens plus multimodal tokens. For image inputs, the number of image tokens depends on the number of images and their aspect ratios.",
        "side_px",
        320,
    ),
    (400, "Requested token count exceeds the model's maximum context length of 4096 tokens.", "side_px", 320),
    (400, "The input (5000 tokens) is longer than the model's context length (4096 tokens).", "side_px", 320),
    (
        400,
        "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.",
        "side_px",
        320,
    ),
    (
        400,
        "request (5137 tokens) exceeds the available context size (4096 tokens), try increasing it",
        "side_px",
        320,
    ),
    (500, "input is too large to process. increase the physical batch size", "side_px", 320),
    (500, "the input length exceeds the context length", "side_px", 320),
    (400, "prompt is too long: 210000 tokens > 200000 maximum", "side_px", 320),
    (
        400,
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 256 `max_new_tokens`",
        "side_px",
        320,
    ),
    (
        400,
        "The input token count (40000) exceeds the maximum number of tokens allowed (32768).",
        "side_px",
        320,
    ),
    (
        413,
        "Request too large for model `llama` on tokens per minute (TPM): Limit 6000, Requested 7000",
        "side_px",
        320,
    ),
    (
        400,
        "messages.0.content.1.image.source.base64: image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes",
        "side_px",
        320,
    ),
    (400, "Image dimensions exceed max allowed size: 8000 pixels", "side_px", 320),
    (400, "Payload size exceeds the limit: 20971520 bytes", "side_px", 320),
    (
        400,
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "limit",
        "max_completion_tokens",
    ),
    (400, "Unknown field: max_tokens", "limit", "max_completion_tokens"),
    (
        400,
        "Unsupported value: 'temperature' does not support 0.9 with this model. Only the default (1) value is supported.",
        "sampled",
        "top_p",
    ),
    (
        400,
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        "sampled",
        "one",
    ),
    (400, "invalid temperature: only 1 is allowed for this model", "sampled", "top_p"),
    (400, "temperature may only be set to 1 when thinking is enabled", "sampled", "top_p"),
    (400, "top_p must be greater than or equal to 0.01", "sampled", "temperature"),
    (400, "Unsupported parameter: 'top_p' is not supported with this model.", "sampled", "temperature"),
    (400, "property 'repetition_penalty' is unsupported", "penalty", False),
    (400, "This response_format type is unavailable now", "schema", False),
    (
        400,
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        "schema",
        False,
    ),
    (400, "json mode cannot be combined with image input", "schema", False),
    (400, "This model does not support response format `json_schema`. See supported models", "schema", False),
    (400, "'response_format.type' must be 'json_object' or 'text'", "schema", False),
    (500, "failed to parse grammar", "schema", False),
    (400, 'Grammar error: Unimplemented keys: ["minItems"]', "schema", False),
    (
        400,
        "Invalid schema for response_format 'answer': In context=('properties', 'importance'), 'minimum' is not permitted.",
        "schema",
        False,
    ),
    (
        400,
        "output_config.format.schema: For 'integer' type, properties maximum, minimum are not supported",
        "schema",
        False,
    ),
    (400, "Structured outputs are not available", "schema", False),
    (400, "System role not supported", "system", False),
    (
        400,
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        "system",
        False,
    ),
    (400, "Developer instruction is not enabled for models/gemma-3-27b-it", "system", False),
    (400, "Conversation roles must alternate user/assistant/user/assistant/...", "system", False),
]
HELPLESS: list[tuple[int, str]] = [
    (400, "At most 0 image(s) may be provided in one prompt."),
    (400, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
    (404, "No endpoints found that support image input"),
    (
        400,
        "Failed to deserialize the JSON body into the target type: messages[1]: unknown variant `image_url`, expected `text` at line 1 column 500",
    ),
    (400, "qwen3:8b is not a multimodal model"),
    (400, "this model is missing data required for image input"),
    (400, "Invalid content type. image_url is only supported by certain models."),
    (400, "Model does not support images. Please use a model that does."),
    (400, "Model does not exist."),
    (401, "response_format: not without a key"),
    (403, "temperature"),
    (429, "Too many requests"),
    (429, "Rate limit reached: tokens per minute exceeded, context of 4096"),
    (200, "Model is on fire"),
    (503, "Loading model"),
]


def told(dialect: Dialect, name: str) -> object:
    return getattr(dialect.fit if name in {"pictures", "side_px"} else dialect, name)


@pytest.mark.parametrize(("status", "said", "name", "value"), NAMED)
def test_what_a_refusal_names_is_changed_and_nothing_else(
    status: int, said: str, name: str, value: object
) -> None:
    search = Search(Dialect(), blind=False)
    assert search.refused(Refusal(status, said), 12)
    assert told(search.dialect, name) == value
    fit = {name: value} if name in {"pictures", "side_px"} else {}
    rest = {} if fit else {name: value}
    assert search.dialect == replace(Dialect(), fit=Fit(**fit), **rest)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(("status", "said"), HELPLESS)
def test_what_names_nothing_that_can_be_changed_changes_nothing(status: int, said: str) -> None:
    assert not Search(Dialect(), blind=False).refused(Refusal(status, said), 12)


def forms(search: Search, refusal: Refusal, pictures: int) -> list[Dialect]:
    """All that is tried against a server that refuses everything so."""
    tried = [search.dialect]
    while search.refused(refusal, min(pictures, search.dialect.fit.pictures or pictures)):
        tried.append(search.dialect)
        assert len(tried) < 20
    return tried


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422, 500, 501])
@pytest.mark.parametrize("pictures", [0, 1, 12])
@pytest.mark.parametrize(
    "said", ["", "no", "context length", "video", "temperature, top_p", "at most 3 images"]
)
def test_a_search_ends_and_tries_nothing_twice(status: int, pictures: int, said: str) -> None:
    tried = forms(Search(Dialect(video=True)), Refusal(status, said), pictures)
    assert len(set(tried)) == len(tried) <= 12


def test_a_mute_refusal_is_met_with_each_change_alone_then_with_all() -> None:
    tried = forms(Search(Dialect(video=True)), Refusal(400, "no"), 12)
    fallbacks = [(dialect.video, dialect.schema, *dialect.fallbacks()) for dialect in tried]
    limit, unsampled = "max_completion_tokens in place of max_tokens", "no temperature, no top_p"
    plain = (limit, unsampled, "no repetition_penalty", "no system message")
    assert fallbacks == [
        (True, True),
        (False, True),
        (True, False),
        (True, True, limit),
        (True, True, unsampled, "no repetition_penalty"),
        (True, True, "no system message"),
        (True, True, "at most 4 pictures a window"),
        (True, True, "at most 1 picture a window"),
        (False, False, *plain),
        (False, False, *plain, "at most 1 picture a window"),
    ]


def test_too_long_a_question_shows_smaller_pictures_then_fewer_then_smaller_ones_still() -> None:
    tried = forms(Search(Dialect()), Refusal(400, "maximum context length"), 12)
    assert [(dialect.fit.side_px, dialect.fit.pictures) for dialect in tried] == [
        (None, None),
        (320, None),
        (320, 6),
        (320, 3),
        (320, 1),
        (160, 1),
    ]


def test_what_is_fixed_stays() -> None:
    search = Search(Dialect(video=True), frozenset({"video", "schema"}))
    assert all(dialect.video and dialect.schema for dialect in forms(search, Refusal(400, "no"), 12))
