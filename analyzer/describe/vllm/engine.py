"""vLLM: start, use and stop its engine; its exceptions are translated to DescribeError.

Only this module and ``video_inputs`` use vLLM, transformers and torch.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.pictures import Pictures, decode, read_jpeg
from analyzer.describe.model.text_model import Sampling, Schema
from analyzer.describe.settings import EngineSettings
from analyzer.describe.vllm.patches import Layout
from analyzer.describe.vllm.video_inputs import Recipe, metadata

_ENVIRONMENT = {
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # this process has threads, and a fork of it may hang
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # stdout is for results
    "VLLM_LOGGING_LEVEL": "ERROR",  # failures are raised; its warnings are of no use here
    "TRANSFORMERS_VERBOSITY": "error",
    "VLLM_NO_USAGE_STATS": "1",
    "PYTHONWARNINGS": "ignore::UserWarning:multiprocessing.resource_tracker",  # about its clean-up at exit
}
_MIN_TOKENS = 4  # of a picture of any size: the minimum of Qwen2-VL
_MAX_WORKERS = 8  # threads that decode and cut pictures
_SHUTDOWN_S = 1.0  # for its processes to exit; they have nothing to save


@dataclass(frozen=True, slots=True)
class VideoInput:
    """The keyframes of a window, which the model receives as one video.

    Attributes:
        files: JPEG files in the order of time.
        at_s: time of each in the window, for models whose prompt contains timestamps.
        max_tokens: context tokens for all of them together; they are reduced to fit.
    """

    files: Sequence[Path]
    at_s: Sequence[float]
    max_tokens: int


class Engine:
    """One running engine; belongs to the event loop of its first request."""

    def __init__(self, model: str, settings: EngineSettings) -> None:
        """Load the model, which takes a minute or more and blocks; raises DescribeError."""
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        self._model = model
        self._names = count()
        self._recipes: dict[tuple[int, ...], Recipe | None] = {}
        self._learning = asyncio.Lock()
        self._pool = ThreadPoolExecutor(min(_MAX_WORKERS, os.cpu_count() or 1), thread_name_prefix="pictures")
        try:
            self._load(model, settings)
        except DescribeError:
            raise
        except ImportError as error:
            raise DescribeError(f"vLLM is not installed ({error}): pip install '.[vllm]'") from error
        except Exception as error:  # vLLM's failures to start share no base; none is swallowed
            message = f"vLLM cannot start {model}: {_reason(error)}"
            raise DescribeError(message, retryable=True) from error

    def _load(self, model: str, settings: EngineSettings) -> None:
        from qwen_vl_utils import smart_resize  # noqa: PLC0415  # imports torch
        from transformers import AutoConfig, AutoProcessor  # noqa: PLC0415  # heavy, and comes with vLLM only
        from vllm.engine.arg_utils import AsyncEngineArgs  # noqa: PLC0415  # the same
        from vllm.v1.engine.async_llm import AsyncLLM  # noqa: PLC0415  # the same

        self._smart_resize = smart_resize
        self._processor = AutoProcessor.from_pretrained(model)
        self._layout = _layout(self._processor, model)
        arguments = _arguments(model, settings, AutoConfig.from_pretrained(model).model_type)
        self._llm = AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments))
        self.context_tokens = int(self._llm.model_config.max_model_len)

    @property
    def prepares(self) -> bool:
        """Whether the pictures of all videos so far were prepared here rather than by vLLM's processor."""
        return bool(self._recipes) and None not in self._recipes.values()

    @property
    def alive(self) -> bool:
        """Whether the engine's process still answers."""
        return not self._llm.errored

    async def ask(
        self,
        system: str,
        user: str,
        schema: Schema | None,
        sampling: Sampling,
        *,
        video: VideoInput | None = None,
    ) -> str:
        """Return the answer's text, finished or not.

        A video precedes the user's text. Raises DescribeError. Cancellation aborts the request in the engine.
        """
        with _translated(self._model):
            if video:
                prompt = await self._with_video(system, user, video)
            else:
                (prompt,) = await self._llm.renderer.render_cmpl_async(
                    [{"prompt": self._chat(system, user, video=False)}]
                )
            return await self._generate(prompt, schema, sampling)

    async def _generate(self, prompt: Any, schema: Schema | None, sampling: Sampling) -> str:
        from vllm import SamplingParams  # noqa: PLC0415  # heavy, and comes with vLLM only
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams  # noqa: PLC0415  # same

        params = SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            repetition_penalty=sampling.repetition_penalty,
            max_tokens=sampling.max_tokens,
            structured_outputs=StructuredOutputsParams(json=schema) if schema else None,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        text = ""
        async for output in self._llm.generate(prompt, params, f"livereel-{next(self._names)}"):
            text = output.outputs[0].text
        return text

    async def _with_video(self, system: str, user: str, video: VideoInput) -> Any:
        loop = asyncio.get_running_loop()
        jpegs, pictures = await loop.run_in_executor(self._pool, self._read, video)
        recipe = await self._recipe(pictures)
        prompt = self._chat(system, user, video=True)
        if recipe is None:
            return await self._render(prompt, pictures, video.at_s)
        return await loop.run_in_executor(
            self._pool, self._prepare, recipe, prompt, pictures, jpegs, video.at_s
        )

    def _read(self, video: VideoInput) -> tuple[list[bytes], Pictures]:
        """Read and decode the files, reduced to the token budget and to a whole number of patches."""
        jpegs = [read_jpeg(file) for file in video.files]
        factor = self._layout.factor_px
        steps = math.ceil(len(jpegs) / self._layout.temporal)
        tokens = max(_MIN_TOKENS, video.max_tokens // steps)

        def fit(height: int, width: int) -> tuple[int, int]:
            fitted = self._smart_resize(
                height, width, factor, min_pixels=_MIN_TOKENS * factor**2, max_pixels=tokens * factor**2
            )
            return int(fitted[0]), int(fitted[1])

        return jpegs, self._layout.whole(decode(jpegs, fit))

    def _prepare(
        self,
        recipe: Recipe,
        prompt: str,
        pictures: Pictures,
        jpegs: Sequence[bytes],
        at_s: Sequence[float],
    ) -> dict[str, Any]:
        digest = hashlib.blake2b(repr((pictures.shape, *at_s)).encode(), digest_size=16)
        for jpeg in jpegs:
            digest.update(jpeg)
        return recipe.engine_input(self._token_ids(prompt), pictures, at_s, digest.hexdigest())

    async def _recipe(self, pictures: Pictures) -> Recipe | None:
        """Return how to prepare videos of this size here, None if that differs from vLLM; learned once."""
        size = pictures.shape
        async with self._learning:
            if size not in self._recipes:
                noise = np.random.default_rng(0).integers(0, 256, size, np.uint8)
                prompt = self._chat("", "", video=True)
                at_s = [0.5 * n for n in range(size[0])]
                rendered = await self._render(prompt, noise, at_s)
                self._recipes[size] = await asyncio.to_thread(
                    Recipe.learn,
                    self._layout,
                    self._token_ids(self._processor.video_token)[0],
                    pictures=noise,
                    at_s=at_s,
                    token_ids=self._token_ids(prompt),
                    rendered=rendered,
                )
        return self._recipes[size]

    async def _render(self, prompt: str, pictures: Pictures, at_s: Sequence[float]) -> Any:
        """Let vLLM's processor prepare the video."""
        (rendered,) = await self._llm.renderer.render_cmpl_async(
            [{"prompt": prompt, "multi_modal_data": {"video": [(pictures, metadata(at_s, len(pictures)))]}}]
        )
        return rendered

    def _chat(self, system: str, user: str, *, video: bool) -> str:
        """Return the prompt by the model's chat template; text that looks like special tokens is split."""
        content: list[dict[str, str]] = [{"type": "video"}] if video else []
        content.append({"type": "text", "text": _harmless(user)})
        messages = [{"role": "system", "content": _harmless(system)}, {"role": "user", "content": content}]
        prompt = self._processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        return str(prompt)

    def _token_ids(self, text: str) -> list[int]:
        return list(self._processor.tokenizer(text, add_special_tokens=False)["input_ids"])

    def close(self) -> None:
        """Stop the engine's processes and the threads; blocks for some seconds. Only once."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._llm.shutdown(timeout=_SHUTDOWN_S)
        del self._llm  # its finalizer stops it again, which fails during interpreter shutdown


def _arguments(model: str, settings: EngineSettings, model_type: str) -> dict[str, Any]:
    """Return the settings by vLLM's names; None leaves vLLM's default."""
    arguments: dict[str, Any] = {
        "model": model,
        "max_model_len": settings.max_model_len,
        "gpu_memory_utilization": settings.memory_share,
        "tensor_parallel_size": settings.tensor_parallel,
        "renderer_num_workers": settings.renderer_num_workers,
        "dtype": settings.dtype,
        "load_format": settings.load_format,
        "quantization": settings.quantization,
        "max_num_batched_tokens": settings.max_num_batched_tokens,
        "limit_mm_per_prompt": {"image": 0, "video": 1},
        "mm_processor_cache_gb": 0,  # no window is requested twice
        "enable_prefix_caching": True,  # all windows of a profile have the same prefix
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
        "disable_log_stats": True,
    }
    if model_type == "qwen2_vl":  # vLLM does not compile its vision tower, and by default does not fuse this
        arguments["compilation_config"] = {"custom_ops": ["+quick_gelu"]}
    arguments |= settings.options
    return {name: value for name, value in arguments.items() if value is not None}


def _layout(processor: Any, model: str) -> Layout:
    video = getattr(processor, "video_processor", None)
    if video is None:
        raise DescribeError(f"{model} takes no video: it is not a Qwen-VL")
    return Layout(int(video.patch_size), int(video.merge_size), int(video.temporal_patch_size))


def _harmless(text: str) -> str:
    return text.replace("<|", "< |")


def _reason(error: BaseException) -> str:
    """Return the first line of an error's message, else its type."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextmanager
def _translated(model: str) -> Iterator[None]:
    """Translate vLLM's exceptions. Refusals are ValueErrors in 0.25, VLLMErrors in 0.32."""
    from vllm import exceptions  # noqa: PLC0415  # heavy, and comes with vLLM only
    from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError  # noqa: PLC0415  # the same

    refused = getattr(exceptions, "VLLMError", ValueError)
    overloaded = getattr(exceptions, "GracefulHTTPError", EngineGenerateError)
    try:
        yield
    except EngineDeadError as error:
        raise DescribeError(f"vLLM's engine for {model} died", retryable=True) from error
    except (EngineGenerateError, overloaded) as error:
        raise DescribeError(f"{model}: {_reason(error.__cause__ or error)}", retryable=True) from error
    except (refused, ValueError, TypeError) as error:
        raise DescribeError(f"{model}: {_reason(error)}") from error
