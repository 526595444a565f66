"""Long horizons cost what is new, and the rules hold at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.describe.moment import Moment
from analyzer.reel.block_chooser import BlockChooser, split_blocks
from analyzer.reel.choose import Pick, Proposal, choose, in_order
from analyzer.reel.settings import ReelSettings
from tests.kit.records.moments import moment

RULES = ReelSettings()

any_moments = st.lists(st.integers(0, 3000), max_size=60, unique=True).map(
    lambda slots: [moment(slot // 2, camera=("front", "back")[slot % 2]) for slot in slots]
)


class Asked:
    """A model that proposes the first of what it is asked about, and remembers the questions."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def __call__(self, moments: tuple[Moment, ...]) -> Proposal | None:
        self.sizes.append(len(moments))
        return Proposal((Pick(moments[0].window.id, "the first"),))


def stream(count: int, first: int = 0) -> list[Moment]:
    return [moment(i, importance=(i * 37) % 10) for i in range(first, first + count)]


@given(any_moments, st.integers(1, 20))
def test_blocks_hold_each_moment_once_and_in_order(moments: list[Moment], size: int) -> None:
    blocks = split_blocks(moments, size)
    assert [each for block in blocks for each in block.moments] == in_order(moments)
    assert all(0 < len(block.moments) <= size for block in blocks)


def test_what_fits_in_a_block_is_one() -> None:
    assert [block.moments for block in split_blocks(stream(50), 50)] == [tuple(stream(50))]
    assert len(split_blocks(stream(51), 50)) > 1


def test_a_new_moment_leaves_all_blocks_but_the_newest_as_they_were() -> None:
    before, after = split_blocks(stream(400), 50), split_blocks(stream(401), 50)
    assert before[:-1] == after[: len(before) - 1]


def test_more_cameras_than_a_block_holds_in_one_second_are_parted() -> None:
    moments = [moment(0, camera=f"camera{i:03}") for i in range(120)]
    blocks = split_blocks(moments, 50)
    assert [(block.part, len(block.moments)) for block in blocks] == [(0, 50), (1, 50), (2, 20)]


async def choose_in_blocks(chooser: BlockChooser, moments: Sequence[Moment]) -> list[str]:
    return [choice.moment.window.id for choice in (await chooser.choose(moments)).choices]


def test_few_moments_are_asked_about_once_as_they_are() -> None:
    asked = Asked()
    moments = stream(50)
    chosen = asyncio.run(BlockChooser(RULES, asked).choose(moments))
    proposal = Proposal((Pick(in_order(moments)[0].window.id, "the first"),))
    assert asked.sizes == [50]
    assert chosen == choose(moments, RULES, proposal)


def test_no_question_is_longer_than_a_block() -> None:
    asked = Asked()
    asyncio.run(BlockChooser(RULES, asked).choose(stream(2000)))
    assert max(asked.sizes) <= 50


def test_a_rolling_horizon_costs_what_is_new() -> None:
    asked = Asked()

    async def half_an_hour() -> None:
        chooser = BlockChooser(RULES, asked)
        await chooser.choose(stream(360))
        asked.sizes.clear()
        for minute in range(1, 31):
            await chooser.choose(stream(360, first=6 * minute))

    asyncio.run(half_an_hour())
    assert sum(asked.sizes) / 30 < 360 / 3


def test_the_same_moments_again_ask_only_the_last_round() -> None:
    asked = Asked()

    async def twice() -> None:
        chooser = BlockChooser(RULES, asked)
        first = await choose_in_blocks(chooser, stream(360))
        asked.sizes.clear()
        assert await choose_in_blocks(chooser, stream(360)) == first
        assert len(asked.sizes) == 1

    asyncio.run(twice())


def test_a_moment_that_comes_late_is_not_overlooked() -> None:
    late = moment(3, camera="yard", importance=10.0)

    async def no_model(moments: tuple[Moment, ...]) -> None:
        assert moments

    async def then_late() -> None:
        chooser = BlockChooser(RULES, no_model)
        await chooser.choose(stream(360))
        assert late.window.id in await choose_in_blocks(chooser, [*stream(360), late])

    asyncio.run(then_late())


@pytest.mark.parametrize("count", [0, 3, 60, 1000])
def test_counts_and_the_closing_moment_hold_over_any_horizon(count: int) -> None:
    moments = stream(count)
    ids = asyncio.run(choose_in_blocks(BlockChooser(RULES, Asked()), moments))
    assert min(count, 7) <= len(ids) <= 10
    assert not moments or ids[-1] == moments[-1].window.id


def test_many_cameras_at_one_time_come_to_an_end() -> None:
    moments = [moment(i // 100, camera=f"camera{i % 100:03}") for i in range(1000)]
    ids = asyncio.run(choose_in_blocks(BlockChooser(RULES, Asked()), moments))
    assert 7 <= len(ids) <= 10


def test_blocks_too_small_to_get_fewer_are_refused() -> None:
    with pytest.raises(ValueError, match="block_size"):
        BlockChooser(RULES, Asked(), block_size=19)
