"""The drawn camera: what it says will happen is what it shows, and its stream is a stream like any other."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import av
import numpy as np
import pytest
from av.container import InputContainer
from numpy.typing import NDArray

from synthetic import Event, Scene, SyntheticCamera, draw, parse_address, photograph, scheduled
from synthetic.field.field import Field
from synthetic.field.match import play
from synthetic.sensor import gain
from synthetic.sound import RATE_HZ, Soundscape
from synthetic.street.street import Street

WIDTH, HEIGHT = 320, 180
STREET = Scene(width=WIDTH, height=HEIGHT)
FIELD = replace(STREET, place="field")
SCENES = [STREET, replace(STREET, light="dusk"), FIELD, replace(FIELD, light="dusk")]
SCENE_NAMES = [f"{scene.place}-{scene.light}" for scene in SCENES]
LONG_S = 1200.0
EDGE_PX = 4

Mask = NDArray[np.bool_]


def busy_stretches(events: tuple[Event, ...]) -> list[tuple[float, float]]:
    """The times in which at least one event happens."""
    stretches: list[tuple[float, float]] = []
    for event in events:
        if stretches and event.start_s <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(stretches[-1][1], event.end_s))
        else:
            stretches.append((event.start_s, event.end_s))
    return stretches


def quiet_lengths(scene: Scene) -> list[float]:
    """The stretches between events, of those that start within the first twenty minutes."""
    return [after[0] - before[1] for before, after in pairwise(busy_stretches(scheduled(scene, LONG_S)))]


def changed(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Mask:
    return np.asarray((before != after).any(axis=2))


def inside(events: list[Event], *times_s: float) -> Mask:
    """The pixels in the boxes of events at these times, and what soft edges and rounding add to them."""
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    for event in events:
        for at_s in times_s:
            x0, y0, x1, y1 = event.box(at_s)
            rows = slice(max(int(y0 * HEIGHT) - EDGE_PX, 0), int(y1 * HEIGHT) + EDGE_PX + 1)
            mask[rows, max(int(x0 * WIDTH) - EDGE_PX, 0) : int(x1 * WIDTH) + EDGE_PX + 1] = True
    return mask


def first(scene: Scene, kind: str) -> Event:
    return next(event for event in scheduled(scene, LONG_S / 4) if event.kind == kind)


def test_an_address_with_no_options_is_a_street_by_day() -> None:
    assert parse_address("synthetic://street") == Scene()


def test_every_option_of_an_address_reaches_the_scene() -> None:
    address = (
        "synthetic://field?seed=9&light=dusk&size=320x240&fps=12.5&noise=2.5&duration_s=60"
        "&audio=off&exposure=no&groups_per_minute=0.5"
    )
    assert parse_address(address) == Scene("field", 9, "dusk", 320, 240, 12.5, 2.5, 60.0, False, False, 0.5)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://street", "not a synthetic address: 'http://street' (it starts with synthetic://)"),
        ("synthetic://moon", "unknown synthetic place 'moon' (allowed: street, field)"),
        ("synthetic://", "unknown synthetic place '' (allowed: street, field)"),
        (
            "synthetic://street?speed=2",
            (
                "unknown synthetic option 'speed' (allowed: seed, light, size, fps, noise, duration_s, "
                "audio, exposure, groups_per_minute)"
            ),
        ),
        ("synthetic://street?light=noon", "bad synthetic option light='noon' (allowed: day or dusk)"),
        (
            "synthetic://street?size=641x360",
            "bad synthetic option size='641x360' (allowed: WIDTHxHEIGHT, even, from 160x90 to 1920x1920)",
        ),
        ("synthetic://street?fps=0", "bad synthetic option fps='0' (allowed: 1 to 60)"),
        ("synthetic://street?noise=nan", "bad synthetic option noise='nan' (allowed: 0 to 20 grey levels)"),
        (
            "synthetic://street?seed=",
            "bad synthetic option seed='' (allowed: a whole number from 0 to 4294967295)",
        ),
        ("synthetic://street?audio=maybe", "bad synthetic option audio='maybe' (allowed: on or off)"),
    ],
)
def test_a_bad_address_is_refused_with_one_line_that_names_what_is_allowed(
    address: str, message: str
) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # the whole message is compared below
        parse_address(address)
    assert str(refused.value) == message


@pytest.mark.parametrize("scene", [STREET, FIELD], ids=["street", "field"])
def test_an_event_does_not_depend_on_how_far_the_schedule_is_asked_for(scene: Scene) -> None:
    far = scheduled(scene, 600.0)
    assert far == tuple(sorted(far, key=lambda event: event.start_s))
    assert scheduled(scene, 200.0) == tuple(event for event in far if event.start_s < 200.0)
    assert len(far) > 20


def test_another_seed_is_another_story() -> None:
    times = [event.start_s for event in scheduled(STREET, 300.0)]
    assert times != [event.start_s for event in scheduled(replace(STREET, seed=2), 300.0)]


@pytest.mark.parametrize("scene", [STREET, FIELD], ids=["street", "field"])
def test_about_half_the_time_is_quiet_in_stretches_that_come_to_an_end(scene: Scene) -> None:
    quiet = quiet_lengths(scene)
    assert 0.4 < sum(quiet) / LONG_S < 0.65
    assert max(quiet) < 40.0
    assert sum(length >= 10.0 for length in quiet) > 20


def test_fewer_groups_a_minute_leave_more_quiet() -> None:
    assert sum(quiet_lengths(replace(STREET, groups_per_minute=0.5))) > 1.3 * sum(quiet_lengths(STREET))


def test_without_groups_nothing_ever_happens() -> None:
    scene = replace(STREET, groups_per_minute=0.0)
    assert scheduled(scene, LONG_S) == ()
    assert np.array_equal(draw(scene, 5.0), draw(scene, 500.0))


def test_a_small_walker_is_sometimes_in_the_picture_with_a_lorry() -> None:
    events = scheduled(STREET, LONG_S)
    lorries = [event for event in events if event.kind == "lorry"]
    meetings = [
        (lorry, walker)
        for lorry in lorries
        for walker in events
        if walker.kind == "walker" and walker.start_s < lorry.start_s and walker.end_s > lorry.end_s
    ]
    assert meetings
    lorry, walker = meetings[0]
    middle_s = (lorry.start_s + lorry.end_s) / 2
    assert np.prod(lorry.size(middle_s)) > 10 * np.prod(walker.size(middle_s))


def test_two_cameras_of_one_scene_draw_the_same_pictures() -> None:
    at_s = first(STREET, "car").start_s + 1.0
    assert np.array_equal(
        Street(1, WIDTH, HEIGHT, dusk=True).picture(0, 8.0),
        Street(1, WIDTH, HEIGHT, dusk=True).picture(0, 8.0),
    )
    assert np.array_equal(
        Field(1, WIDTH, HEIGHT, dusk=False).picture(0, 5.0),
        Field(1, WIDTH, HEIGHT, dusk=False).picture(0, 5.0),
    )
    assert np.array_equal(photograph(STREET, round(at_s * 15)), photograph(STREET, round(at_s * 15)))


@pytest.mark.parametrize("scene", SCENES, ids=SCENE_NAMES)
def test_nothing_changes_between_events(scene: Scene) -> None:
    for before, after in pairwise(busy_stretches(scheduled(scene, 200.0))):
        still = draw(scene, before[1] + 0.01)
        for at_s in np.linspace(before[1] + 0.02, after[0] - 0.01, 5).tolist():
            assert np.array_equal(still, draw(scene, at_s))


@pytest.mark.parametrize("scene", SCENES, ids=SCENE_NAMES)
def test_changes_are_where_the_events_are(scene: Scene) -> None:
    for start_s, end_s in busy_stretches(scheduled(scene, 130.0)):
        for at_s in np.linspace(start_s + 0.7, end_s - 0.9, 12).tolist():
            moved = changed(draw(scene, at_s), draw(scene, at_s + 0.2))
            events = [event for event in scheduled(scene, at_s + 0.2) if event.end_s >= at_s]
            assert moved.any(), f"nothing moved at {at_s}"
            assert not (moved & ~inside(events, at_s, at_s + 0.2)).any(), f"something else moved at {at_s}"


@pytest.mark.parametrize("scene", SCENES[:2], ids=SCENE_NAMES[:2])
def test_each_traveller_comes_and_goes_at_the_times_of_its_event(scene: Scene) -> None:
    empty = draw(scene, 0.0)
    events = scheduled(scene, 300.0)
    assert len(events) > 12
    for event in events:
        alone = [other for other in events if other is not event]
        for at_s in (event.start_s + 0.6, (event.start_s + event.end_s) / 2, event.end_s - 0.6):
            others = inside([other for other in alone if other.within(at_s)], at_s)
            own = inside([event], at_s) & ~others
            # Some pass behind a car or a tree, so only those with open space of their own are asked for.
            if own.sum() > 0.8 * inside([event], at_s).sum() and event.kind not in {"walker", "jogger"}:
                assert (changed(empty, draw(scene, at_s)) & own).any(), (event.kind, at_s)


@pytest.mark.parametrize("kind", ["car", "lorry", "bus", "van", "cyclist", "walker", "jogger"])
def test_vehicles_and_people_move_at_plausible_speeds(kind: str) -> None:
    event = first(STREET, kind)
    middle_s = (event.start_s + event.end_s) / 2
    speed = abs(event.centre(middle_s + 0.5)[0] - event.centre(middle_s - 0.5)[0])
    low, high = {"walker": (0.02, 0.13), "jogger": (0.05, 0.3), "cyclist": (0.1, 0.4)}.get(kind, (0.15, 0.6))
    assert low < speed < high
    assert event.box(event.start_s - 1) == event.box(event.start_s)
    assert event.box(event.end_s + 1) == event.box(event.end_s)


def test_footballers_keep_to_human_speeds_and_end_where_the_next_attack_begins() -> None:
    for number in range(12):
        match, following = play(3, number), play(3, number + 1)
        steps = np.hypot(*np.diff(match.places, axis=0).transpose(2, 0, 1)) / 0.05
        assert steps.max() < 6.0
        assert np.array_equal(match.places[-1], following.places[0])
        assert np.array_equal(match.ball[-1], following.ball[0])


def test_an_attack_has_its_passes_its_shot_and_its_result() -> None:
    events = scheduled(FIELD, LONG_S)
    kinds = {event.kind for event in events}
    assert kinds == {"attack", "pass", "shot", "goal", "save", "miss", "celebration", "regroup"}
    shots_end_s = [event.end_s for event in events if event.kind == "shot"]
    goals = [event for event in events if event.kind == "goal"]
    celebrations = [event for event in events if event.kind == "celebration"]
    for goal, celebration in zip(goals, celebrations, strict=True):
        assert goal.start_s in shots_end_s
        assert celebration.start_s == pytest.approx(goal.end_s)


def test_exposure_drops_for_a_bright_lorry_and_recovers_after_it() -> None:
    lorry = first(STREET, "lorry")
    never = replace(STREET, groups_per_minute=0.0)  # what is left is the slow drift

    def adapted(at_s: float) -> float:
        return gain(STREET, at_s) / gain(never, at_s)

    assert adapted(lorry.start_s) == pytest.approx(1.0)
    assert min(adapted(at_s) for at_s in np.linspace(lorry.start_s, lorry.end_s, 20).tolist()) < 0.96
    assert adapted(lorry.end_s + 0.3) < adapted(lorry.end_s + 1.0) < adapted(lorry.end_s + 2.0) <= 1.0
    assert adapted(lorry.end_s + 4.0) == pytest.approx(1.0)


def test_exposure_drifts_slowly_and_little() -> None:
    never = replace(STREET, groups_per_minute=0.0)
    gains = np.array([gain(never, at_s) for at_s in np.arange(0, 120, 1 / 15).tolist()])
    assert 0.01 < np.ptp(gains) < 0.05
    assert np.abs(np.diff(gains)).max() < 0.001


def test_exposure_reaches_the_picture_and_can_be_turned_off() -> None:
    lorry = first(STREET, "lorry")
    scene = replace(STREET, noise=0.0)
    number = round((lorry.start_s + 0.7 * (lorry.end_s - lorry.start_s)) * scene.fps)
    sky = np.s_[:10]
    assert photograph(scene, number)[sky].mean() < 0.98 * draw(scene, number / scene.fps)[sky].mean()
    assert np.array_equal(photograph(replace(scene, exposure=False), number), draw(scene, number / scene.fps))


@pytest.mark.parametrize("deviation", [0.4, 2.0, 5.0])
def test_noise_has_the_deviation_that_was_asked_for_and_is_new_in_each_frame(deviation: float) -> None:
    scene = replace(STREET, noise=deviation, exposure=False, light="dusk", groups_per_minute=0.0)
    clean = draw(scene, 0.0).astype(np.int16)
    grey = (clean.min(axis=2) > 25) & (clean.max(axis=2) < 230)
    one, other = (photograph(scene, number).astype(np.int16) - clean for number in (3, 4))
    # Rounding to whole grey levels adds a little of its own.
    assert one[grey].std() == pytest.approx(np.hypot(deviation, 0.35), rel=0.2)
    assert abs(one[grey].mean()) < 0.1
    assert abs(np.corrcoef(one[grey].ravel(), other[grey].ravel())[0, 1]) < 0.1


def test_a_lorry_is_audible_and_the_quiet_is_quiet() -> None:
    lorry = first(STREET, "lorry")
    hear = Soundscape(STREET)
    middle = hear.samples(round((lorry.start_s + lorry.end_s) / 2 * RATE_HZ), RATE_HZ)
    quiet = hear.samples(0, RATE_HZ)
    assert middle.std() > 3 * quiet.std() > 0
    assert np.abs(middle).max() <= 1.0


def test_the_crowd_is_loudest_at_a_goal() -> None:
    goal = first(FIELD, "goal")
    hear = Soundscape(FIELD)
    assert hear.samples(round(goal.start_s * RATE_HZ), RATE_HZ).std() > 4 * hear.samples(0, RATE_HZ).std()


def test_sound_does_not_depend_on_the_blocks_it_is_asked_for_in() -> None:
    hear = Soundscape(STREET)
    begin = round(first(STREET, "car").start_s * RATE_HZ)
    whole = hear.samples(begin, 2048)
    assert np.allclose(whole, np.concatenate([hear.samples(begin, 1024), hear.samples(begin + 1024, 1024)]))


SHORT = Scene(width=160, height=90, fps=12.5, duration_s=4.0)


def opened(scene: Scene) -> InputContainer:
    container = av.open(SyntheticCamera(scene), "r")
    assert isinstance(container, InputContainer)
    return container


def timed_packets(scene: Scene) -> list[tuple[str, float, float, bool]]:
    """All packets in the stream's order: kind, pts and dts in seconds, whether it is a keyframe."""
    found: list[tuple[str, float, float, bool]] = []
    with opened(scene) as container:
        for packet in container.demux():
            if packet.pts is not None and packet.dts is not None:
                base = float(packet.time_base)
                found.append((packet.stream.type, packet.pts * base, packet.dts * base, packet.is_keyframe))
    return found


def test_the_stream_holds_every_frame_once_in_even_steps() -> None:
    with opened(SHORT) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == pytest.approx(12.5)
        times_s = [float(frame.time or 0.0) for frame in container.decode(video=0)]
    assert len(times_s) == 50
    assert np.diff(times_s) == pytest.approx(np.full(49, 0.08), abs=1e-4)


def test_packets_come_in_the_order_they_are_shown_and_a_keyframe_each_second() -> None:
    packets = [packet for packet in timed_packets(SHORT) if packet[0] == "video"]
    assert all(pts_s == dts_s for _, pts_s, dts_s, _ in packets)
    keys_s = [pts_s for _, pts_s, _, key in packets if key]
    assert len(keys_s) >= 4
    assert max(np.diff(keys_s)) < 1.1


def test_the_sound_runs_in_step_with_the_pictures() -> None:
    packets = timed_packets(SHORT)
    times_s = {kind: [p[1] for p in packets if p[0] == kind] for kind in ("video", "audio")}
    for series in times_s.values():
        assert all(after > before for before, after in pairwise(series))
    assert times_s["audio"][0] == pytest.approx(times_s["video"][0], abs=0.1)
    assert times_s["audio"][-1] == pytest.approx(times_s["video"][-1], abs=0.1)


def test_without_audio_there_is_no_audio_stream() -> None:
    with opened(replace(SHORT, audio=False)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_what_is_decoded_looks_like_what_was_drawn() -> None:
    with opened(SHORT) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="bgr24")
    difference = frame.astype(np.int16) - draw(SHORT, 0.0)
    assert np.abs(difference).mean() < 8
    assert np.abs(difference.mean(axis=(0, 1))).max() < 5  # the colours are not shifted


def test_an_endless_scene_goes_on_and_is_held_a_frame_at_a_time() -> None:
    with SyntheticCamera(replace(SHORT, duration_s=None)) as camera:
        total = sum(len(camera.read(1000)) for _ in range(100))
    assert total > 50_000


def test_it_is_a_stream_that_cannot_seek_and_closes_for_good() -> None:
    camera = SyntheticCamera(SHORT)
    assert camera.readable()
    assert not camera.seekable()
    assert camera.read(188)[0] == 0x47  # a transport stream's sync byte
    camera.close()
    camera.close()
    with pytest.raises(ValueError, match="closed"):
        camera.read(1)
