"""What describes, for calls from Python: an async function, a Describer, or a model that calls share."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from inspect import iscoroutinefunction
from types import TracebackType
from typing import Any, Self, cast

from analyzer.describe.describer import DescribeError, Describer, as_describe_error
from analyzer.describe.model.answer import InvalidAnswerError, read_answer, shortened
from analyzer.describe.model.prompt import Prompts
from analyzer.describe.model.text_model import Sampling, Schema, TextModel
from analyzer.describe.moment import MAX_TITLE_CHARS, Moment
from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.describe.settings import DescribeKind
from analyzer.describe.vllm.describer import VllmDescriber
from analyzer.signal.window import Window
from base.loop_thread import LoopThread
from livereel.api.conversation import Recorder
from livereel.api.options import Configured, Section, read_options
from livereel.api.records import SeenWindow
from livereel.camera.settings import CameraSettings
from livereel.config.describers import (
    LanguageModels,
    make_describer,
    make_language_models,
    make_prompts,
    make_transcriber,
    models_of,
    models_with,
)
from livereel.config.options import Options
from livereel.config.schema import UsageError
from livereel.errors import explained

Answer = Moment | Mapping[str, Any] | str
"""A moment; or its title, text, importance and tags by name, of which the text must be there; or the text."""

DescribeFunction = Callable[[SeenWindow], Awaitable[Answer]]
"""Describes a window that is not quiet."""

OWN_PROFILE = "prompt"
DEFAULT_IMPORTANCE = 5.0


@cache
def shared_loop() -> LoopThread:
    """The loop in which all calls describe: what is open between calls belongs to it."""
    return LoopThread()


class Model:
    """A model that is loaded, or a server that is connected to, for any number of calls.

    Attributes:
        name: the model's.
    """

    def __init__(self, describer: VllmDescriber | OpenAiDescriber, options: Options) -> None:
        self._describer = describer
        self.options = options

    @property
    def name(self) -> str:
        """The model's name."""
        return self._describer.model

    def asking(self, prompts: Prompts) -> VllmDescriber | OpenAiDescriber:
        """Return a describer with these questions, on the same model."""
        return self._describer.with_prompts(prompts)

    def close(self) -> None:
        """Stop the engine, or close the connections. Safe to call twice."""
        shared_loop().run(self._describer.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Model {self.name}>"


DescribeBy = DescribeKind | Section | Model | Describer | DescribeFunction
"""What describes: a kind of describer, options of one, a loaded model, a Describer, or a function."""


def load_model(
    kind: DescribeKind = "vllm", model: str | None = None, *, config: Configured = None, **describe: Any
) -> Model:
    """Load a model, or connect to its server, and have it answer once; calls then take it as ``describe``.

    Args:
        kind: ``vllm``: on this machine's GPU; ``openai``: on a server with OpenAI's chat API;
            ``sagemaker``: on an endpoint of Amazon SageMaker.
        model: its name or folder.
        config: a configuration, or its file.
        describe: other options of ``describe`` in the configuration, such as ``base_url``.

    Raises LivereelError.
    """
    with explained():
        given = {**describe, "kind": kind, "model": model}
        options = read_options(
            config, {"describe": {name: value for name, value in given.items() if value is not None}}
        )
        settings = options.config.describe
        if settings.kind == "builtin":
            raise UsageError("kind: builtin needs no model; there are vllm, openai and sagemaker")
        describer = make_describer(settings, Prompts())
        probe = models_of(describer, settings).probe
        try:
            if probe is not None:
                shared_loop().run(_awaited(probe()))
        except BaseException:
            shared_loop().run(describer.close())
            raise
        return Model(describer, options)


async def _awaited(work: Awaitable[object]) -> None:
    await work


@dataclass(frozen=True, slots=True)
class CallModels:
    """What one call describes with.

    Attributes:
        options: with the questions of this call.
        models: what describes, chooses and narrates.
    """

    options: Options
    models: LanguageModels


def models_for_call(
    options: Options,
    by: DescribeBy | None,
    prompt: str | None,
    cameras: Sequence[CameraSettings],
    recorder: Recorder | None = None,
) -> CallModels:
    """Return what describes in one call.

    Args:
        options: of the call; they name what describes where ``by`` does not.
        by: what describes; a model or a describer stays open.
        prompt: what matters, and what importance means, in place of a profile's text.
        cameras: what is described.
        recorder: takes what is asked and answered.

    Raises ConfigError, or DescribeError when what it takes is not installed.
    """
    options = with_prompt(options, prompt)
    if isinstance(by, Model):
        described = by.options.config.describe
        own = replace(options.config.describe, kind=described.kind, model=described.model)
        options = replace(options, config=replace(options.config, describe=own))
    settings = options.config.describe
    if by is None or isinstance(by, str | Mapping):
        return CallModels(options, _named(options, cameras, recorder))
    if isinstance(by, Model):
        prompts = make_prompts(settings, cameras)
        models = models_with(for_call(by.asking(prompts), prompts, recorder, owned=False), settings)
    else:
        describer = by if isinstance(by, Describer) else FunctionDescriber(by)
        models = models_with(for_call(describer, None, recorder, owned=False), settings)
    return CallModels(options, replace(models, transcriber=make_transcriber(options.config.transcribe)))


def _named(options: Options, cameras: Sequence[CameraSettings], recorder: Recorder | None) -> LanguageModels:
    """Return what the options name, to be closed with the call."""
    settings = options.config.describe
    models = make_language_models(options.config, cameras)
    prompts = None if settings.kind == "builtin" else make_prompts(settings, cameras)
    recorded = models_with(for_call(models.describer, prompts, recorder, owned=True), settings)
    return replace(recorded, probe=models.probe, load=models.load, transcriber=models.transcriber)


def with_prompt(options: Options, prompt: str | None) -> Options:
    """Return options whose profile is this text; None leaves theirs."""
    if prompt is None:
        return options
    settings = options.config.describe
    profiles = {**settings.profiles, OWN_PROFILE: prompt}
    own = replace(settings, profile=OWN_PROFILE, profiles=profiles)
    return replace(options, config=replace(options.config, describe=own))


class FunctionDescriber:
    """Describes with a function, whose failures are the window's: it is asked once."""

    def __init__(self, function: DescribeFunction) -> None:
        if not callable(function):
            kinds = "a kind, options, a loaded model, a Describer or an async function"
            raise UsageError(f"describe: {type(function).__name__} is none of {kinds}")
        if not any(map(iscoroutinefunction, (function, getattr(function, "__call__", None)))):  # noqa: B004
            raise UsageError(f"describe: {getattr(function, '__name__', function)} must be an async function")
        self._function = function
        self.model = getattr(function, "__name__", type(function).__name__)

    async def describe(self, window: Window) -> Moment:
        """Describe a window; raises DescribeError."""
        started_s = time.monotonic()
        try:
            answer = await self._function(SeenWindow(window))
            return self._moment(window, answer, time.monotonic() - started_s)
        except (DescribeError, OSError):
            raise
        except InvalidAnswerError as error:
            raise DescribeError(f"{self.model} gave no answer that fits: {error}") from error
        except Exception as error:
            raise DescribeError(f"{self.model}: {as_describe_error(error)}") from error

    def _moment(self, window: Window, answer: Answer, latency_s: float) -> Moment:
        if isinstance(answer, Moment):
            return replace(answer, window=window)
        given: dict[str, Any] = dict(answer) if isinstance(answer, Mapping) else {"text": answer}
        text = given.get("text")
        if isinstance(text, str):
            given.setdefault("title", shortened(" ".join(text.split()), MAX_TITLE_CHARS))
        given.setdefault("importance", DEFAULT_IMPORTANCE)
        given["tags"] = list(given.get("tags") or [])
        read = read_answer(given)
        return Moment(window, read.title, read.text, read.importance, read.tags, self.model, latency_s)

    def tokens(self, window: Window) -> int:  # noqa: ARG002  # the protocol's
        """What a function spends is not known."""
        return 0

    async def close(self) -> None:
        """Nothing is held."""


def for_call(
    describer: Describer, prompts: Prompts | None, recorder: Recorder | None, *, owned: bool
) -> CallDescriber:
    """Return a describer for one call: recorded, and closed with the call only where it is ``owned``."""
    kind = CallTextModel if isinstance(describer, TextModel) else CallDescriber
    return kind(describer, prompts, recorder, owned=owned)


class CallDescriber:
    """A describer for one call."""

    def __init__(
        self, describer: Describer, prompts: Prompts | None, recorder: Recorder | None, *, owned: bool
    ) -> None:
        self._describer = describer
        self._prompts = prompts
        self._recorder = recorder
        self._owned = owned

    @property
    def model(self) -> str:
        """The model's name."""
        return self._describer.model

    @model.setter
    def model(self, name: str) -> None:
        self._describer.model = name

    async def describe(self, window: Window) -> Moment:
        """Describe a window; raises DescribeError."""
        question = self._prompts.question(window) if self._prompts else None
        try:
            moment = await self._describer.describe(window)
        except Exception as error:
            if self._recorder is not None:
                self._recorder.described(window, question, self.model, as_describe_error(error))
            raise
        if self._recorder is not None:
            self._recorder.described(window, question, moment.model, moment)
        return moment

    def tokens(self, window: Window) -> int:
        """Estimate the tokens."""
        return self._describer.tokens(window)

    async def close(self) -> None:
        """Close it, if it is the call's own."""
        if self._owned:
            await self._describer.close()


class CallTextModel(CallDescriber):
    """A describer that also chooses and narrates."""

    async def complete(self, system: str, user: str, schema: Schema, sampling: Sampling) -> dict[str, Any]:
        """See TextModel."""
        answer = await cast("TextModel", self._describer).complete(system, user, schema, sampling)
        if self._recorder is not None:
            self._recorder.completed(system, user, self.model, answer)
        return answer
