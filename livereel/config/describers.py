"""Make the describer, selector and narrator that the configuration names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from analyzer.describe.builtin.describer import BuiltinDescriber
from analyzer.describe.describer import DescribeError, Describer, as_describe_error
from analyzer.describe.moment import Moment
from analyzer.describe.openai.chat_server import ChatSettings
from analyzer.describe.openai.describer import OpenAiDescriber, OpenAiSettings
from analyzer.describe.probe import Probe
from analyzer.describe.prompt import CameraBrief, Prompts
from analyzer.describe.queue import QueueSettings
from analyzer.describe.text_model import Sampling
from analyzer.describe.vllm.describer import VllmDescriber, VllmSettings
from analyzer.describe.vllm.engine import EngineSettings
from analyzer.reel.block_chooser import Propose
from analyzer.reel.choose import ChooseRules, Proposal
from analyzer.reel.narrator import Narrator
from analyzer.reel.records import Choice, Gap, Story
from analyzer.reel.selector import ModelSelector
from analyzer.reel.story import narrate
from livereel.config.schema import CameraConfig, Config, ConfigError, DescribeConfig


class Narrate(Protocol):
    """Writes the story of a reel, as ``analyzer.reel.story.narrate`` does; never fails."""

    async def __call__(
        self,
        choices: Sequence[Choice],
        gaps: Sequence[Gap],
        cameras: Sequence[str],
        *,
        media_time: bool = False,
    ) -> Story:
        """A sentence for each choice, in order."""
        ...


Probing = Callable[[], Awaitable[Probe]]


@dataclass(frozen=True, slots=True)
class LanguageModels:
    """What makes words of moving pictures.

    Attributes:
        describer: for a window.
        propose: for the choice of chapters.
        narrate: for a reel's story.
        probe: asks the model for a sign of life, loading it if it must be; None without a model.
        load: loads the model, where it runs in this process; raises DescribeError.
    """

    describer: Describer
    propose: Propose
    narrate: Narrate
    probe: Probing | None
    load: Callable[[], Awaitable[None]] | None = None


def make_language_models(
    config: Config, cameras: Sequence[CameraConfig], rules: ChooseRules
) -> LanguageModels:
    """Make what the configuration names; nothing is loaded or asked yet.

    Raises ConfigError, or DescribeError when what it takes is not installed.
    """
    settings = config.describe
    if settings.kind == "builtin":
        return LanguageModels(BuiltinDescriber(), _propose_nothing, _narrate_built_in, None)
    model = _vllm(settings, cameras) if settings.kind == "vllm" else _openai(settings, cameras)
    sampling = _sampling(settings, selecting=True)
    selector = ModelSelector(model, rules, sampling=sampling, language=settings.language)
    narrator = Narrator(model, sampling=sampling, language=settings.language)
    load = model.start if isinstance(model, VllmDescriber) else None
    return LanguageModels(model, selector.propose, narrator.narrate, _probing(model), load)


def _probing(model: VllmDescriber | OpenAiDescriber) -> Probing:
    """A probe that fails with DescribeError alone."""

    async def probe() -> Probe:
        try:
            return await model.probe()
        except DescribeError:
            raise
        except Exception as error:
            raise as_describe_error(error) from error

    return probe


def queue_settings(settings: DescribeConfig) -> QueueSettings:
    """How much is asked at once, and how much may wait."""
    return QueueSettings(
        max_in_flight=settings.at_once,
        max_waiting=settings.max_waiting,
        late_after_s=settings.late_after_s,
        windows_per_minute=settings.windows_per_minute,
        tokens_per_hour=settings.tokens_per_hour,
    )


def _vllm(settings: DescribeConfig, cameras: Sequence[CameraConfig]) -> VllmDescriber:
    engine = EngineSettings(**asdict(settings.vllm))
    if settings.model is not None:
        engine = replace(engine, model=settings.model)
    return VllmDescriber(
        VllmSettings(engine, settings.vision_tokens, _sampling(settings), settings.timeout_s),
        _prompts(settings, cameras),
    )


def _openai(settings: DescribeConfig, cameras: Sequence[CameraConfig]) -> OpenAiDescriber:
    server = ChatSettings(
        base_url=settings.base_url,
        model=settings.model,
        api_key_variable=settings.api_key_variable,
        pictures=settings.pictures,
        answers=settings.answers,
        extra=settings.extra_body,
        headers=settings.extra_headers,
    )
    return OpenAiDescriber(
        OpenAiSettings(server, _sampling(settings), settings.keyframe_px, settings.timeout_s),
        _prompts(settings, cameras),
    )


def _sampling(settings: DescribeConfig, *, selecting: bool = False) -> Sampling:
    return Sampling(**asdict(settings.selecting if selecting else settings.describing))


def _prompts(settings: DescribeConfig, cameras: Sequence[CameraConfig]) -> Prompts:
    briefs: Mapping[str, CameraBrief] = {camera.name: _brief(settings, camera) for camera in cameras}
    default = CameraBrief(profile=settings.profile, language=settings.language)
    try:
        return Prompts(briefs, default, settings.profiles)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _brief(settings: DescribeConfig, camera: CameraConfig) -> CameraBrief:
    return CameraBrief(
        profile=camera.profile or settings.profile,
        normal=camera.normal,
        tell_me_when=camera.tell_me_when,
        language=camera.language or settings.language,
    )


async def _propose_nothing(_: tuple[Moment, ...]) -> Proposal | None:
    return None


async def _narrate_built_in(
    choices: Sequence[Choice], gaps: Sequence[Gap], cameras: Sequence[str], *, media_time: bool = False
) -> Story:
    return narrate(choices, gaps, cameras, media_time=media_time)
