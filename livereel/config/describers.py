"""Make the describer, selector, narrator and transcriber that the configuration names."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, assert_never

from analyzer.describe.builtin.describer import BuiltinDescriber
from analyzer.describe.builtin.noises import OTHER_WEIGHT, SOUND_WEIGHTS
from analyzer.describe.describer import DescribeError, Describer, as_describe_error
from analyzer.describe.model.probe import Probe
from analyzer.describe.model.prompt import CameraBrief, Prompts
from analyzer.describe.model.text_model import TextModel
from analyzer.describe.moment import Moment
from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.describe.sagemaker.client import SageMakerClient
from analyzer.describe.settings import DescribeSettings
from analyzer.describe.vllm.describer import VllmDescriber
from analyzer.reel.block_chooser import Propose
from analyzer.reel.choose import Proposal
from analyzer.reel.narrator import Narrator
from analyzer.reel.records import Choice, Gap, Story
from analyzer.reel.selector import ModelSelector
from analyzer.reel.settings import ReelSettings
from analyzer.reel.story import narrate
from analyzer.transcribe.server import ServerTranscriber
from analyzer.transcribe.settings import TranscribeSettings
from analyzer.transcribe.transcriber import Transcriber
from analyzer.transcribe.whisper.transcriber import WhisperTranscriber
from livereel.camera.settings import CameraSettings
from livereel.config.schema import Config, ConfigError


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


log = logging.getLogger(__name__)

Proposing = Callable[[ReelSettings, str | None], Propose]
"""Makes what proposes chapters of reels with these settings; a profile, by its name, says what counts."""
Probing = Callable[[], Awaitable[Probe]]


@dataclass(frozen=True, slots=True)
class LanguageModels:
    """The models of a run: they describe windows, choose chapters, write stories and transcribe speech.

    Attributes:
        describer: for a window.
        proposing: for the choice of chapters.
        narrate: for a reel's story.
        probe: tests whether the model answers, loading it if necessary; None without a model.
        load: loads the model, where it runs in this process; raises DescribeError.
        transcriber: for what is said; None where speech stays without text.
    """

    describer: Describer
    proposing: Proposing
    narrate: Narrate
    probe: Probing | None
    load: Callable[[], Awaitable[None]] | None = None
    transcriber: Transcriber | None = None

    async def close(self) -> None:
        """Release the models and connections. Safe to call twice."""
        await self.describer.close()
        if self.transcriber is not None:
            await self.transcriber.close()


def make_language_models(config: Config, cameras: Sequence[CameraSettings]) -> LanguageModels:
    """Make what the configuration names; nothing is loaded or asked yet.

    Raises ConfigError, or DescribeError when what it takes is not installed.
    """
    settings = config.describe
    if settings.kind == "builtin":
        for option in without_effect(config, cameras):
            log.warning("%s: has no effect without a model (describe.kind is builtin)", option)
        models = LanguageModels(_built_in(settings, cameras), _proposing_nothing, _narrate_built_in, None)
    else:
        models = models_of(make_describer(settings, make_prompts(settings, cameras)), settings)
    return replace(models, transcriber=make_transcriber(config.transcribe))


def make_describer(settings: DescribeSettings, prompts: Prompts) -> VllmDescriber | OpenAiDescriber:
    """Make the describer of a kind that has a model; raises DescribeError when it is not installed."""
    match settings.kind:
        case "vllm":
            return VllmDescriber(settings, prompts)
        case "openai":
            return OpenAiDescriber(settings, prompts)
        case "sagemaker":
            return OpenAiDescriber(settings, prompts, SageMakerClient(settings))
        case "builtin":
            raise ConfigError("describe.kind: builtin has no model; there are vllm, openai and sagemaker")
        case _:
            assert_never(settings.kind)


def models_of(model: VllmDescriber | OpenAiDescriber, settings: DescribeSettings) -> LanguageModels:
    """Return what a model makes: descriptions, choices and stories."""
    probe, load = _probing(model), model.start if isinstance(model, VllmDescriber) else None
    return LanguageModels(model, *_editing(model, settings), probe, load)


def models_with(describer: Describer, settings: DescribeSettings) -> LanguageModels:
    """Return any describer; one that also is a TextModel chooses chapters and narrates, too."""
    if isinstance(describer, TextModel):
        return LanguageModels(describer, *_editing(describer, settings), None)
    return LanguageModels(describer, _proposing_nothing, _narrate_built_in, None)


def _editing(model: TextModel, settings: DescribeSettings) -> tuple[Proposing, Narrate]:
    """What chooses chapters, and what narrates, by asking a model."""
    drawn, language = settings.selecting, settings.language

    def proposing(rules: ReelSettings, profile: str | None) -> Propose:
        guide = settings.known_profiles[profile] if profile else ""
        return ModelSelector(model, rules, sampling=drawn, language=language, guide=guide).propose

    return proposing, Narrator(model, sampling=drawn, language=language).narrate


def make_transcriber(settings: TranscribeSettings) -> Transcriber | None:
    """Make what turns speech into text; None where nothing does. Nothing is loaded or asked yet.

    Raises DescribeError when what it takes is not installed, or a key or an address is unusable.
    """
    match settings.kind:
        case "none":
            return None
        case "openai":
            return ServerTranscriber(settings)
        case "faster_whisper":
            return WhisperTranscriber(settings)
        case _:
            assert_never(settings.kind)


def _built_in(settings: DescribeSettings, cameras: Sequence[CameraSettings]) -> BuiltinDescriber:
    """The built-in describer, for which sound counts as much as the profiles say."""
    profiles = {camera.name: camera.profile or settings.profile for camera in cameras}
    weights = {name: SOUND_WEIGHTS.get(profile, OTHER_WEIGHT) for name, profile in profiles.items()}
    return BuiltinDescriber(weights, SOUND_WEIGHTS.get(settings.profile, OTHER_WEIGHT))


def without_effect(config: Config, cameras: Sequence[CameraSettings]) -> Iterator[str]:
    """Yield the options that are set and that only a model would heed, where there is none."""
    if config.describe.kind != "builtin":
        return
    if config.describe.language != DescribeSettings().language:
        yield "describe.language"
    for number, camera in enumerate(cameras):
        for option in ("normal", "tell_me_when", "language"):
            if getattr(camera, option):
                yield f"cameras[{number}].{option}"
    for number, reel in enumerate(config.reels):
        if reel.profile is not None:
            yield f"reels[{number}].profile"


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


def make_prompts(settings: DescribeSettings, cameras: Sequence[CameraSettings]) -> Prompts:
    """Make the questions for these cameras; raises ConfigError for a profile that there is not."""
    briefs: Mapping[str, CameraBrief] = {camera.name: _brief(settings, camera) for camera in cameras}
    default = CameraBrief(profile=settings.profile, language=settings.language)
    try:
        return Prompts(briefs, default, settings.profiles)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _brief(settings: DescribeSettings, camera: CameraSettings) -> CameraBrief:
    return CameraBrief(
        profile=camera.profile or settings.profile,
        normal=camera.normal,
        tell_me_when=camera.tell_me_when,
        language=camera.language or settings.language,
    )


def _proposing_nothing(_rules: ReelSettings, _profile: str | None) -> Propose:
    return _propose_nothing


async def _propose_nothing(_: tuple[Moment, ...]) -> Proposal | None:
    return None


async def _narrate_built_in(
    choices: Sequence[Choice], gaps: Sequence[Gap], cameras: Sequence[str], *, media_time: bool = False
) -> Story:
    return narrate(choices, gaps, cameras, media_time=media_time)
