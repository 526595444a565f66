"""Choose from long horizons block by block, so that a choice is not asked for twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from analyzer.describe.moment import Moment
from analyzer.reel.choose import NO_PREFERENCES, STRETCH, Chosen, Proposal, choose, in_order
from analyzer.reel.preference.preferences import Preferences
from analyzer.reel.settings import ReelSettings
from base.clock import parse_utc

Propose = Callable[[tuple[Moment, ...]], Awaitable[Proposal | None]]
"""Asks a model what it would choose; None (no model, no answer) leaves it to the built-in ranking."""

_ZERO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Block:
    """The moments that start in one aligned period of wall time, in order.

    Attributes:
        start_s, period_s: the period, in whole seconds since the year 1; a power of two long.
        part: which part, where one second alone holds too many moments for a block.
    """

    start_s: int
    period_s: int
    part: int
    moments: tuple[Moment, ...]


def split_blocks(moments: Sequence[Moment], size: int) -> tuple[Block, ...]:
    """Cut moments into blocks of at most ``size``, in order.

    A block is the largest period that holds no more, where periods are halves of halves of a fixed time
    scale. So a new moment changes only the block it falls into, however many went before.
    """
    ordered = in_order(moments)
    if not ordered:
        return ()
    seconds = [_second(moment) for moment in ordered]
    period_s = 1
    while seconds[0] // period_s != seconds[-1] // period_s:
        period_s *= 2
    blocks: list[Block] = []
    _halve(list(zip(seconds, ordered, strict=True)), period_s, size, blocks)
    return tuple(blocks)


def _halve(timed: Sequence[tuple[int, Moment]], period_s: int, size: int, blocks: list[Block]) -> None:
    """Append the blocks of the moments of one period."""
    if not timed:
        return
    start_s = timed[0][0] // period_s * period_s
    if len(timed) <= size or period_s == 1:
        for part, k in enumerate(range(0, len(timed), size)):
            held = tuple(moment for _, moment in timed[k : k + size])
            blocks.append(Block(start_s, period_s, part, held))
        return
    middle = start_s + period_s // 2
    _halve([entry for entry in timed if entry[0] < middle], period_s // 2, size, blocks)
    _halve([entry for entry in timed if entry[0] >= middle], period_s // 2, size, blocks)


def _second(moment: Moment) -> int:
    return (parse_utc(moment.window.start_utc) - _ZERO) // timedelta(seconds=1)


class BlockChooser:
    """Chooses from any number of moments, asking about at most ``block_size`` at a time.

    More moments than that are chosen in blocks, then among the blocks' winners. A block's winners are
    remembered as long as it is in use: asked again is only what holds a moment that was not there before,
    not what merely lost its oldest ones to the horizon. So each call costs what is new, and the last round.
    Other preferences than in the call before choose from all blocks again.
    """

    def __init__(self, rules: ReelSettings, propose: Propose, *, block_size: int | None = None) -> None:
        """ValueError if a block is not at least twice ``max_chapters``: rounds would not get smaller."""
        size = STRETCH * rules.max_chapters if block_size is None else block_size
        if size < 2 * rules.max_chapters:
            raise ValueError(
                f"block_size ({size}) must be at least twice max_chapters ({rules.max_chapters})"
            )
        self._rules = rules
        self._propose = propose
        self._size = size
        self._remembered: dict[_Key, _Round] = {}
        self._preferences = NO_PREFERENCES

    async def choose(self, moments: Sequence[Moment], preferences: Preferences = NO_PREFERENCES) -> Chosen:
        """The reel's choices; ``changed`` is that of the last round only."""
        if preferences != self._preferences:
            self._preferences, self._remembered = preferences, {}
        left = in_order(moments)
        used: dict[_Key, _Round] = {}
        level = 0
        while len(left) > self._size:
            winners: list[Moment] = []
            for block in split_blocks(left, self._size):
                key = (level, block.start_s, block.period_s, block.part)
                used[key] = await self._round(key, block.moments)
                winners += [moment for moment in block.moments if moment.window.id in used[key].winners]
            left = winners
            level += 1
        self._remembered = used
        return await self._ask(left)

    async def _round(self, key: _Key, moments: tuple[Moment, ...]) -> _Round:
        known = self._remembered.get(key)
        ids = frozenset(moment.window.id for moment in moments)
        if known is not None and ids <= known.asked and ids & known.winners:
            return known
        chosen = await self._ask(moments)
        return _Round(ids, frozenset(choice.moment.window.id for choice in chosen.choices))

    async def _ask(self, moments: Sequence[Moment]) -> Chosen:
        adjusted = self._preferences.applied(moments)
        proposal = await self._propose(adjusted) if moments else None
        return choose(moments, self._rules, proposal, self._preferences)


_Key = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Round:
    """Window ids: which were asked about, and which won."""

    asked: frozenset[str]
    winners: frozenset[str]
