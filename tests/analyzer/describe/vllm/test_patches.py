from __future__ import annotations

import numpy as np
import pytest

from analyzer.describe.model.pictures import Pictures
from analyzer.describe.vllm.patches import Layout, Values

LAYOUT = Layout(patch_px=4, merge=2, temporal=2)


def noise(count: int, height: int, width: int) -> Pictures:
    return np.random.default_rng(1).integers(0, 256, (count, height, width, 3), np.uint8)


def test_each_patch_holds_its_own_pixels_of_both_pictures_colour_by_colour() -> None:
    pictures = noise(4, 16, 24)
    patches = LAYOUT.cut(pictures)
    assert patches.shape == (2 * 4 * 6, 3 * 2 * 4 * 4)
    # Within a block of merge x merge patches they follow each other; blocks go row by row.
    order = [
        (t, row * 2 + r, column * 2 + c)
        for t in range(2)
        for row in range(2)
        for column in range(3)
        for r in range(2)
        for c in range(2)
    ]
    for patch, (t, row, column) in zip(patches, order, strict=True):
        y, x = 4 * row, 4 * column
        seen = pictures[2 * t : 2 * t + 2, y : y + 4, x : x + 4]
        np.testing.assert_array_equal(patch.reshape(3, 2, 4, 4), seen.transpose(3, 0, 1, 2))


def test_pictures_that_do_not_divide_are_refused() -> None:
    for shape in ((3, 16, 16), (2, 12, 16), (2, 16, 20)):
        with pytest.raises(ValueError, match="do not divide"):
            LAYOUT.cut(noise(*shape))


def test_an_odd_number_of_pictures_ends_with_the_last_one_twice() -> None:
    pictures = noise(3, 8, 8)
    whole = LAYOUT.whole(pictures)
    np.testing.assert_array_equal(whole, pictures[[0, 1, 2, 2]])
    assert LAYOUT.whole(whole) is whole


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
def test_values_are_learned_from_an_example_and_hold_for_other_pictures(kind: type[np.generic]) -> None:
    table = np.random.default_rng(2).permuted(np.tile(np.arange(256), (3, 1)), axis=1).T.astype(kind)

    def process(pictures: Pictures) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
        return LAYOUT.cut(np.stack([table[pictures[..., c], c] for c in range(3)], axis=-1))

    example = noise(2, 64, 64)
    values = Values.learn(LAYOUT, example, process(example))
    assert values is not None
    other = noise(4, 40, 48)[::-1]
    np.testing.assert_array_equal(LAYOUT.cut(values.of(other)), process(other))


def test_untouched_values_are_not_copied() -> None:
    example = noise(2, 64, 64)
    values = Values.learn(LAYOUT, example, LAYOUT.cut(example))
    assert values is not None
    assert values.of(example) is example


@pytest.mark.parametrize("change", ["resized", "sharpened", "reordered", "other shape"])
def test_a_processor_that_does_more_is_not_imitated(change: str) -> None:
    example = noise(2, 64, 64)
    changed = {
        "resized": np.repeat(np.repeat(example[:, ::2, ::2], 2, axis=1), 2, axis=2),
        "sharpened": np.clip(example * 1.5 - np.roll(example, 1, axis=2) * 0.5, 0, 255).astype(np.uint8),
        "reordered": example[..., ::-1],
        "other shape": noise(2, 64, 32),
    }[change]
    assert Values.learn(LAYOUT, example, LAYOUT.cut(changed)) is None
