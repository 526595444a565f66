"""The settings of transcription, with their bounds; light to import: the configuration embeds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Predicate, doc

TranscribeKind = Literal["none", "openai", "faster_whisper"]

_CODES = """
af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu
hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru
sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh
"""
LANGUAGES = frozenset(_CODES.split())
"""The codes of the languages that Whisper knows; servers take them, too, and fail at most others."""

Language = Annotated[
    str,
    Predicate(LANGUAGES.__contains__),
    doc('the code of a language in small letters ("no" in quotes), such as de'),
]


@dataclass(frozen=True, slots=True)
class TranscribeSettings:
    """What turns speech into text, and how much of it.

    Attributes:
        kind: ``none`` leaves speech without text; ``openai`` asks a server; ``faster_whisper`` runs a model
            in a child process.
        model: its name or folder. None: the first speech model that the server lists; ``small`` in process.
        base_url: the server, up to and with ``/v1``; None for what the environment's OPENAI_BASE_URL says,
            else OpenAI.
        api_key_variable: the environment variable that holds the key, if the server wants one.
        extra_headers: more headers for each request. They may be secrets, and are not shown.
        language: of the speech, as its code such as ``de``; None lets the model find out.
        wait_s: how long a window waits for its text before it is described without it.
        timeout_s: how long one answer may take; loading a model does not count.
        max_in_flight: windows asked about at once, at most; fewer while the server pushes back. None: 4 of
            a server, 1 of a model in process, which uses all of its threads for one.
        max_waiting: windows whose speech waits, at most; beyond it the oldest stay without text.
        minutes_per_hour: at most about so many minutes of sound are sent; None for no such limit.
        compute_type: of a model in process: how CTranslate2 computes, such as ``int8``.
        threads: of a model in process; 0 for what CTranslate2 takes.
    """

    kind: TranscribeKind = "none"
    model: str | None = None
    base_url: str | None = None
    api_key_variable: str = "OPENAI_API_KEY"
    extra_headers: dict[str, str] = field(default_factory=dict, repr=False)
    language: Language | None = None
    wait_s: Annotated[float, Ge(0), Le(600)] = 5.0
    timeout_s: Annotated[float, Gt(0)] = 60.0
    max_in_flight: Annotated[int, Ge(1), Le(256)] | None = None
    max_waiting: Annotated[int, Ge(1)] = 1000
    minutes_per_hour: Annotated[float, Gt(0)] | None = None
    compute_type: str = "default"
    threads: Annotated[int, Ge(0), Le(256)] = 0

    @property
    def at_once(self) -> int:
        """Windows asked about at once: as set, or what suits the kind."""
        return self.max_in_flight or (1 if self.kind == "faster_whisper" else 4)


def problems(settings: TranscribeSettings) -> Iterator[tuple[str, str]]:
    """Yield the options that do not go together, with what is wrong."""
    model, language = settings.model or "", settings.language or "en"
    if settings.kind == "faster_whisper" and model.endswith(".en") and language != "en":
        yield "language", f"{model} knows English alone; {model.removesuffix('.en')} knows other languages"
