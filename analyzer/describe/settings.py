"""The settings of descriptions, with their bounds; light to import: the configuration embeds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le

from analyzer.describe.model.profiles import PROFILES
from analyzer.describe.model.text_model import DESCRIBING, SELECTING, Sampling
from base.backoff import Backoff

DescribeKind = Literal["builtin", "vllm", "openai", "sagemaker"]

MODEL_BACKOFF = Backoff((1.0, 2.0, 5.0, 10.0, 30.0, 60.0), spread=0.25)
"""The pauses in which a model that fails is not asked, of descriptions and of speech."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How vLLM is run.

    Attributes:
        max_model_len: prompt and answer together, in tokens; what the model is asked when it chooses from
            50 moments takes most.
        memory_share: of the GPU's memory, for weights and cache, 0 to 1.
        quantization: such as ``fp8`` (weights are quantized at start); None for the weights as they are.
        tensor_parallel: GPUs that share the model.
        max_num_batched_tokens: how much the engine reads in a step. Small steps keep answers flowing
            while new windows are read; large ones read faster. vLLM's own 2048 is a window a step.
        renderer_num_workers: vLLM's own threads for prompts.
        dtype, load_format: as vLLM's options of these names.
        options: any other of vLLM's engine arguments, by name.
    """

    max_model_len: Annotated[int, Ge(1024)] = 8192
    memory_share: Annotated[float, Gt(0), Le(1)] = 0.9
    quantization: str | None = None
    tensor_parallel: Annotated[int, Ge(1)] = 1
    max_num_batched_tokens: Annotated[int, Ge(256)] = 4096
    renderer_num_workers: Annotated[int, Ge(1)] = 2
    dtype: str = "auto"
    load_format: str = "auto"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DescribeSettings:
    """What describes windows, what it is asked, and how much of it.

    Attributes:
        kind: ``builtin`` states what was measured, without a model; ``vllm`` runs a model in a child
            process; ``openai`` asks a server, ``sagemaker`` an endpoint of Amazon SageMaker.
        model: its name or folder. None: a Qwen2-VL with vLLM; the first that the server lists.
        base_url: the server, up to and with ``/v1``; None for what the environment's OPENAI_BASE_URL says,
            else OpenAI.
        api_key_variable: the environment variable that holds the key, if the server wants one.
        endpoint: with SageMaker, the name of the endpoint.
        region: of AWS; None for what the environment or the AWS configuration says.
        pictures: one ``video`` of JPEGs (vLLM alone), or ``images`` one by one; ``auto`` sends a video to
            vLLM and falls back to images.
        answers: held to the JSON ``schema`` by the server, or asked for in ``words``; ``auto`` falls back
            to words where the server refuses a schema.
        extra_body: more fields for the body of each request, such as ``{"keep_alive": "1h"}`` for Ollama;
            they go before our own of the same name.
        extra_headers: more headers for each request. They may be secrets, and are not shown.
        keyframe_px: longer side of the pictures; larger ones are shrunk to it, others go as they are.
        vision_tokens: with vLLM, what the pictures of a window may take of the context together. Pictures
            are shrunk to fit, never enlarged: 8 of 640x360 fit as they are, 12 are shrunk to 532x308.
        timeout_s: how long an answer may take, all tries together; loading a model does not count.
        max_in_flight: windows asked about at once, at most; fewer while the server pushes back. None takes
            what suits the kind.
        max_waiting: windows that wait, at most.
        late_after_s: a window described so long after its end is marked late.
        windows_per_minute: at most so many are asked about; None for no such limit.
        tokens_per_hour: at most about so many tokens are spent; None for no such limit.
        profile: what matters in the footage: one of ``PROFILES``, or of ``profiles``.
        language: the language of titles and texts, by its English name.
        profiles: own profiles, name: text.
        describing, selecting: how tokens are drawn for a window's words; for the choice and the story.
        vllm: how vLLM runs the model.
    """

    kind: DescribeKind = "builtin"
    model: str | None = None
    base_url: str | None = None
    api_key_variable: str = "OPENAI_API_KEY"
    endpoint: str | None = None
    region: str | None = None
    pictures: Literal["auto", "video", "images"] = "auto"
    answers: Literal["auto", "schema", "words"] = "auto"
    extra_body: dict[str, Any] = field(default_factory=dict)
    extra_headers: dict[str, str] = field(default_factory=dict, repr=False)
    keyframe_px: Annotated[int, Ge(64), Le(4096)] = 640
    vision_tokens: Annotated[int, Ge(64)] = 1300
    timeout_s: Annotated[float, Gt(0)] = 60.0
    max_in_flight: Annotated[int, Ge(1), Le(1024)] | None = None
    max_waiting: Annotated[int, Ge(1)] = 5000
    late_after_s: Annotated[float, Gt(0)] = 30.0
    windows_per_minute: Annotated[float, Gt(0)] | None = None
    tokens_per_hour: Annotated[float, Gt(0)] | None = None
    profile: str = "surveillance"
    language: str = "English"
    profiles: dict[str, str] = field(default_factory=dict)
    describing: Sampling = DESCRIBING
    selecting: Sampling = SELECTING
    vllm: EngineSettings = field(default_factory=EngineSettings)

    @property
    def known_profiles(self) -> Mapping[str, str]:
        """All profiles there are, by name; an own one may take the place of a built-in one."""
        return dict(sorted((PROFILES | self.profiles).items()))

    @property
    def at_once(self) -> int:
        """Windows asked about at once: as set, or what an engine of our own batches, or a server takes."""
        return self.max_in_flight or (128 if self.kind == "vllm" else 32)
