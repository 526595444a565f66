"""Cameras that fail, each in its own way and all at once, while another one has no fault.

Each comes back by itself, no second is missing from the ledger, and the one without a fault loses nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from base.backoff import Backoff
from base.clock import parse_utc
from livereel.camera.settings import CameraSettings
from livereel.camera.supervisor import RestartPolicy
from stream.media.probe import probe
from tests.kit.cameras import faults
from tests.kit.cameras.rtsp import RtspServer, rtsp_server
from tests.kit.mqtt.tcp_proxy import Cable, cable
from tests.kit.program.coverage import coverage
from tests.kit.program.invariants import (
    assert_all_recorded,
    assert_files_good,
    assert_no_partial_files,
    epochs,
)
from tests.kit.program.live_run import Watch, until, watching

# A dozen cameras start at once on what may be two cores.
PATIENCE = RestartPolicy(open_s=20.0, stall_s=4.0, stop_s=2.5, backoff=Backoff((0.2, 0.5, 0.5)))


@dataclass(frozen=True)
class Scene:
    """One camera's fate: who serves it, over which cable, and what happens to it while it is watched."""

    camera: str
    server: RtspServer
    line: Cable
    watch: Watch

    def gap(self, reason: str) -> None:
        """Wait for a gap for this reason, after the one before the first picture."""
        until(lambda: reason in reasons(self.watch, self.camera)[1:], f"a gap of {self.camera}: {reason}")

    def windows(self, count: int = 1) -> None:
        """Wait for so many windows more."""
        self.watch.more_windows(self.camera, count)

    @property
    def pid(self) -> int:
        """Of the camera's process."""
        pid = self.watch.live.cameras[self.camera].pid
        assert pid is not None
        return pid


def reasons(watch: Watch, camera: str) -> list[str]:
    return [gap["reason"] for gap in watch.gaps(camera)]


def vanishes(scene: Scene) -> None:
    with faults.camera_vanishes(scene.server):
        scene.gap("source_down")


def is_silent(scene: Scene) -> None:
    with faults.camera_silent(scene.server):
        scene.gap("source_stalled")


def hangs(scene: Scene) -> None:
    with faults.camera_frozen(scene.server):
        scene.gap("source_stalled")


def is_cut_off(scene: Scene) -> None:
    scene.line.cut()
    scene.gap("source_down")
    scene.line.mend()


def is_jammed(scene: Scene) -> None:
    """The connection passes nothing for longer than the stall timeout."""
    scene.line.freeze()
    scene.gap("source_stalled")
    scene.line.mend()


def loses_packets(scene: Scene) -> None:
    with faults.packets_lost(scene.server, 0.2):
        scene.windows(3)


def sends_garbage(scene: Scene) -> None:
    with faults.garbage_packets(scene.server, 0.3):
        scene.windows(3)


def sends_nothing_but_garbage(scene: Scene) -> None:
    with faults.garbage_packets(scene.server, 1.0):
        scene.gap("unreadable")


def jumps_in_time(scene: Scene) -> None:
    faults.timestamps_jump(scene.server, -3600.0)


def changes_its_size(scene: Scene) -> None:
    faults.resolution_changes(scene.server)


def has_its_worker_killed(scene: Scene) -> None:
    faults.worker_killed(scene.pid)
    scene.gap("source_down")


def has_its_worker_stopped(scene: Scene) -> None:
    with faults.worker_stopped(scene.pid):
        scene.gap("source_stalled")


def is_left_alone(scene: Scene) -> None:
    scene.windows(5)


BREAKS = [
    vanishes,
    is_silent,
    hangs,
    is_cut_off,
    is_jammed,
    sends_nothing_but_garbage,
    jumps_in_time,
    changes_its_size,
    has_its_worker_killed,
    has_its_worker_stopped,
]
DAMAGE = [loses_packets, sends_garbage]
# What happens on the line or to the camera's process: one server serves them all.
NOT_OF_THE_SERVER = [is_cut_off, is_jammed, has_its_worker_killed, has_its_worker_stopped, is_left_alone]
ALL: list[Callable[[Scene], None]] = [*BREAKS, *DAMAGE, is_left_alone]


@pytest.fixture(scope="module")
def aftermath(footage: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """What is kept of them all when each has had its fault and has been seen again."""
    data = tmp_path_factory.mktemp("aftermath") / "data"
    mount = {"/front": [footage["plain"], footage["smaller"]]}
    with ExitStack() as stack:
        # Of a frame in several network packets one can be lost, which is damage.
        mounts = {named(fault): {"/front": [footage["large"]]} for fault in DAMAGE}
        own = [fault for fault in ALL if fault not in NOT_OF_THE_SERVER]
        servers = {named(it): stack.enter_context(rtsp_server(mounts.get(named(it), mount))) for it in own}
        servers |= dict.fromkeys(map(named, NOT_OF_THE_SERVER), stack.enter_context(rtsp_server(mount)))
        lines = {name: stack.enter_context(cable(server.port)) for name, server in servers.items()}
        cameras = {
            name: CameraSettings(
                name, server.address("/front").replace(f":{server.port}/", f":{lines[name].port}/")
            )
            for name, server in servers.items()
        }
        udp = loses_packets.__name__
        cameras[udp] = replace(cameras[udp], source=servers[udp].address("/front"), transport="udp")
        watch = stack.enter_context(watching(data, cameras, restarts=PATIENCE))
        scenes = [Scene(f.__name__, servers[f.__name__], lines[f.__name__], watch) for f in ALL]
        with ThreadPoolExecutor(len(ALL)) as together:
            list(together.map(_play, ALL, scenes))
        stack.close()  # the run is over when it is judged
        yield watch


def _play(fault: Callable[[Scene], None], scene: Scene) -> None:
    scene.windows()
    fault(scene)
    scene.windows(2)


def named(fault: Callable[[Scene], None]) -> str:
    return fault.__name__


@pytest.mark.parametrize("fault", ALL, ids=named)
def test_every_second_of_a_camera_is_recorded_once(fault: Callable[[Scene], None], aftermath: Watch) -> None:
    assert_all_recorded(aftermath, named(fault))
    sys.stdout.write(account(aftermath, named(fault)))


def account(watch: Watch, camera: str) -> str:
    """What a fault cost, a line."""
    found = coverage(watch.rows(camera), camera, watch.start_utc, watch.end_utc)
    unseen = [
        f"{parse_utc(gap['end_utc']) - parse_utc(gap['start_utc'])} {gap['reason']}"
        for gap in watch.gaps(camera)
    ]
    total = watch.live.cameras[camera].total
    return (
        f"{camera}: {len(watch.windows(camera))} windows in {len(epochs(watch.rows(camera)))} epochs,"
        f" unseen {', '.join(unseen[1:]) or 'nothing'}, untold {found.uncovered_s:.3f} s,"
        f" told twice {found.doubled_s:.3f} s, {total.damaged_packets} damaged packets\n"
    )


@pytest.mark.parametrize("fault", ALL, ids=named)
def test_what_is_kept_of_a_camera_can_be_played(fault: Callable[[Scene], None], aftermath: Watch) -> None:
    rows = aftermath.rows(named(fault))
    assert any(row["kind"] == "window" and row["clip"] for row in rows)
    assert_files_good(rows, aftermath.data, damaged=fault in DAMAGE)


@pytest.mark.parametrize("fault", BREAKS, ids=named)
def test_nothing_joins_what_was_before_with_what_comes_after(
    fault: Callable[[Scene], None], aftermath: Watch
) -> None:
    assert len(epochs(aftermath.rows(named(fault)))) >= 2


@pytest.mark.parametrize("fault", DAMAGE, ids=named)
def test_damage_is_counted(fault: Callable[[Scene], None], aftermath: Watch) -> None:
    assert aftermath.live.cameras[named(fault)].total.damaged_packets > 0


def test_a_camera_without_a_fault_loses_nothing(aftermath: Watch) -> None:
    camera = named(is_left_alone)
    assert reasons(aftermath, camera) == ["starting"], "until its first picture"
    assert epochs(aftermath.rows(camera)) == [0]
    assert aftermath.live.cameras[camera].starts == 1


def test_clips_have_the_size_that_the_camera_has(aftermath: Watch) -> None:
    files = [probe(file) for file in clips(aftermath, named(changes_its_size))]
    sizes = [(file.width, file.height) for file in files]
    assert sizes[0] == (320, 240)
    assert sizes[-1] == (160, 120)


def test_no_half_written_file_is_left(aftermath: Watch) -> None:
    assert_no_partial_files(aftermath.data)


def clips(watch: Watch, camera: str) -> list[Path]:
    return [watch.data / row["clip"] for row in watch.windows(camera) if row["clip"]]
