"""Engine inputs for videos that are prepared here, learned from the model's own processor.

vLLM prepares pictures under one lock or in one thread, which is slower than a GPU that reads them. It also
accepts prepared inputs. So for each size its processor prepares one video of noise, and the result is
compared with the one made here. Only if both are equal, bit for bit, videos of that size are prepared here
from then on; otherwise (another model, another vLLM) its processor is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.describe.model.pictures import Pictures
from analyzer.describe.vllm.patches import Layout, Values

_PIXELS = "pixel_values_videos"
_GRID = "video_grid_thw"
_PACE = "second_per_grid_ts"  # Qwen2.5-VL's: the mean time from one pair of pictures to the next


def metadata(at_s: Sequence[float], count: int) -> dict[str, Any]:
    """Return the metadata of a video of ``count`` pictures for vLLM's processor: the time of each.

    Times are indices into a video of 1000 frames a second; if there are fewer times than pictures, the last
    one is repeated.
    """
    at_ms = [max(0, round(at * 1000)) for at in at_s]
    at_ms += [at_ms[-1]] * (count - len(at_ms))
    return {
        "fps": 1000.0,
        "duration": (at_ms[-1] + 1) / 1000,
        "total_num_frames": at_ms[-1] + 1,
        "frames_indices": at_ms,
        "video_backend": "opencv",
        "do_sample_frames": False,
    }


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make engine inputs for videos of one number and size of pictures.

    Attributes:
        layout, values: how pictures become patches.
        item: the example's processed video, whose patches are replaced.
        items: the type that holds a prompt's processed videos.
        place: the example's placeholder in the prompt.
        video_token: the token for a video, which the prompt contains once before it is expanded.
    """

    layout: Layout
    values: Values
    item: Any
    items: type[Any]
    place: Any
    video_token: int

    @classmethod
    def learn(
        cls,
        layout: Layout,
        video_token: int,
        *,
        pictures: Pictures,
        at_s: Sequence[float],
        token_ids: Sequence[int],
        rendered: Mapping[str, Any],
    ) -> Recipe | None:
        """Return a recipe by the engine's own input for these; None if the one made here differs."""
        try:
            (item,), (place,) = rendered["mm_kwargs"]["video"], rendered["mm_placeholders"]["video"]
            patches = _bits(item[_PIXELS].data)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None  # a model that takes its pictures in another way
        values = Values.learn(layout, pictures, patches)
        if values is None or not {_PIXELS, _GRID} <= item.keys() <= {_PIXELS, _GRID, _PACE}:
            return None
        recipe = cls(layout, values, item, type(rendered["mm_kwargs"]), place, video_token)
        mine = recipe.engine_input(token_ids, pictures, at_s, "")
        same = mine["prompt_token_ids"] == rendered["prompt_token_ids"]
        same = same and mine["mm_placeholders"]["video"] == [place]
        return recipe if same and mine["mm_kwargs"]["video"][0] == item else None

    def engine_input(
        self, token_ids: Sequence[int], pictures: Pictures, at_s: Sequence[float], digest: str
    ) -> dict[str, Any]:
        """Return the input of AsyncLLM.generate in place of a prompt; ``digest`` identifies the pictures."""
        offset = token_ids.index(self.video_token)
        spread = [self.video_token] * self.place.length
        old = self.item[_PIXELS]
        fields = {
            **self.item,
            _PIXELS: replace(old, data=_like(old.data, self.layout.cut(self.values.of(pictures)))),
        }
        if _PACE in self.item:
            pace_s = self.layout.temporal * metadata(at_s, len(pictures))["duration"] / len(pictures)
            fields[_PACE] = replace(self.item[_PACE], data=self.item[_PACE].data.new_tensor(pace_s))
        item = type(self.item)(fields)
        return {
            "type": "multimodal",
            "prompt_token_ids": [*token_ids[:offset], *spread, *token_ids[offset + 1 :]],
            "mm_kwargs": self.items({"video": [item]}),
            "mm_hashes": {"video": [digest]},
            "mm_placeholders": {"video": [replace(self.place, offset=offset)]},
        }


def _bits(tensor: Any) -> NDArray[Any]:
    """Return the values of a tensor; bfloat16, which numpy lacks, as integers of the same bits."""
    import torch  # noqa: PLC0415  # comes with vLLM only

    return np.asarray((tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor).numpy())


def _like(tensor: Any, values: NDArray[Any]) -> Any:
    """Return values as a tensor of the same type."""
    import torch  # noqa: PLC0415  # comes with vLLM only

    made = torch.from_numpy(values)
    return made.view(torch.bfloat16) if tensor.dtype == torch.bfloat16 else made
