"""Which pictures are not worth decoding."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stream.frames.frame_skip import FrameSkipper

Packets = list[tuple[int, bool]]


def group(at: int, size: int) -> Packets:
    """A group in decoding order: what it is predicted from, then pictures that nothing builds on."""
    return [(at + size, False), *((at + n, True) for n in range(1, size))]


def taken(shown: list[int], least: float) -> list[int]:
    """Those of the pictures that are far enough from the one taken before."""
    found: list[int] = []
    for at in shown:
        if not found or at - found[-1] >= least:
            found.append(at)
    return found


@given(st.lists(st.integers(1, 5), min_size=1, max_size=30), st.sampled_from([0.5, 1.5, 1.8, 2.7, 4.0]))
def test_what_is_left_out_leaves_no_hole(sizes: list[int], least: float) -> None:
    packets: Packets = [(0, False)]
    for size in sizes:
        packets += group(max(at for at, _ in packets), size)
    thinner = FrameSkipper(least)
    kept = [at for at, droppable in packets if not thinner.skips(float(at), droppable=droppable)]
    left_out = {at for at, _ in packets} - set(kept)
    assert left_out <= {at for at, droppable in packets if droppable}
    all_taken = taken(sorted(at for at, _ in packets), least)
    usual = max((b - a for a, b in pairwise(all_taken)), default=0)
    holes = [b - a for a, b in pairwise(taken(sorted(kept), least))]
    assert all(hole <= max(usual, 2.1 * least) for hole in holes)


def test_pictures_that_are_decoded_anyway_are_taken_first() -> None:
    """Groups of four at 60 pictures a second, of which 15 are wanted: what is in between is never needed."""
    thinner = FrameSkipper(3.6)
    packets: Packets = [(0, False), (1, False)] + [p for n in range(1, 101, 4) for p in group(n, 4)]
    assert sum(thinner.skips(float(at), droppable=droppable) for at, droppable in packets) == 75


def test_every_second_picture_of_a_fast_stream_need_not_be_decoded() -> None:
    thinner = FrameSkipper(1.8)
    packets = [(0, False)] + [packet for n in range(0, 100, 2) for packet in group(n, 2)]
    assert sum(thinner.skips(float(at), droppable=droppable) for at, droppable in packets) == 50


def test_times_that_step_back_are_another_timeline_and_all_decoded() -> None:
    thinner = FrameSkipper(1.8)
    thinner.skips(100.0, droppable=False)
    assert thinner.skips(101.0, droppable=True)
    assert not any(thinner.skips(float(n), droppable=True) for n in range(5))
