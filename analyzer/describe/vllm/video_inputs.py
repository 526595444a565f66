"""How the engine takes a video that was prepared here: learned from its own processor, by example.

vLLM prepares pictures under one lock or in one thread, which is slower than a GPU that reads them. It also
takes inputs that are prepared already. So its processor is shown one video of noise for each size, and what
it makes of it is compared with what is made here. Only where both are equal, bit for bit, videos of that
size are prepared here from then on; where not (another model, another vLLM) its processor goes on doing it.
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
    """What vLLM's processor is told of a video of ``count`` pictures: when each was taken.

    As indices into a video of 1000 frames a second; where there are fewer times than pictures, the last one
    stands for the rest.
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
    """What the engine is given for videos of one number and size of pictures.

    Attributes:
        layout, values: how pictures become patches.
        item: the example's processed video, whose patches are replaced.
        items: the type that holds a prompt's processed videos.
        place: the example's placeholder in the prompt.
        video_token: which token stands for the video, once in a prompt that is not yet spread out.
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
        """A recipe from what the engine's processor made of these; None if ours differs."""
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
        """What AsyncLLM.generate takes in place of a prompt; ``digest`` tells these pictures from others."""
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
    """A tensor's values; bfloat16, which numpy lacks, as whole numbers of the same bits."""
    import torch  # noqa: PLC0415  # comes with vLLM only

    return np.asarray((tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor).numpy())


def _like(tensor: Any, values: NDArray[Any]) -> Any:
    """The values as a tensor of the same type."""
    import torch  # noqa: PLC0415  # comes with vLLM only

    made = torch.from_numpy(values)
    return made.view(torch.bfloat16) if tensor.dtype == torch.bfloat16 else made
