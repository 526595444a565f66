"""Counters for Prometheus, and the probes of who restarts programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from analyzer.signal.window import Outcome
from livereel.ledger.records import PENDING
from sinks.events import CameraState, CameraStatus, DescriberState, DescriberStatus
from sinks.web.settings import WebSettings
from tests.kit.program.live_run import until, watching
from tests.kit.records.events import moment_now, now_utc
from tests.kit.records.windows import measured
from tests.kit.web.site import CAMERAS, TOKEN, Site, serving


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path) as it:
        yield it


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels, sorted."""
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(site: Site) -> dict[tuple[str, ...], float]:
    answer = site.get("/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return samples(answer.text)


def test_a_run_that_has_not_begun_has_all_its_metrics_at_zero(site: Site) -> None:
    found = read(site)
    for outcome in Outcome:
        assert found["livereel_windows_total", outcome] == 0
    for camera in CAMERAS:
        assert found["livereel_camera_up", camera] == 0
        assert found["livereel_camera_frames_total", camera] == 0
    assert found["livereel_disk_free_bytes",] > 0
    assert found["livereel_describer_up",] == 1


def test_states_latency_and_what_waits(site: Site) -> None:
    site.ledger.windows.add(measured(1, [(2.0, 900.0)]), PENDING)
    site.take(
        CameraState("front", CameraStatus.WATCHING, None, now_utc()),
        DescriberState(DescriberStatus.OFFLINE, "it is down", now_utc()),
        replace(moment_now(1), latency_s=0.7),
        replace(moment_now(2), latency_s=700.0),
    )
    found = read(site)
    assert found["livereel_camera_up", "front"] == 1
    assert found["livereel_camera_up", "yard-2"] == 0
    assert found["livereel_describer_up",] == 0
    assert found["livereel_describe_waiting",] == 1
    assert found["livereel_describe_seconds_bucket", "1.0"] == 1
    assert found["livereel_describe_seconds_count",] == 2
    assert found["livereel_describe_seconds_sum",] == pytest.approx(700.7)


def test_a_live_run_counts_windows_frames_gaps_and_its_sinks(tmp_path: Path) -> None:
    source = "synthetic://street?size=320x180&groups_per_minute=2"
    with watching(tmp_path, {"street": source}, web=WebSettings(port=0)) as run:
        until(lambda: bool(run.windows("street")), "a window")
        until(lambda: fetched(run.url)["livereel_camera_frames_total", "street"] > 0, "frames")
        found = fetched(run.url)
        rows = run.windows("street")
    ended = sum(value for name, value in found.items() if name[0] == "livereel_windows_total")
    assert ended + found["livereel_describe_waiting",] >= 1
    assert len(rows) >= 1
    assert found["livereel_camera_process_starts_total", "street"] == 1
    assert found["livereel_gap_seconds_total", "starting", "street"] > 0
    assert found["livereel_sink", "pages", "web"] == 0


def fetched(url: str) -> dict[tuple[str, ...], float]:
    with urlopen(f"{url}metrics") as answer:  # noqa: S310  # of this machine
        return samples(answer.read().decode())


def test_ready_once_every_camera_has_been_tried(site: Site) -> None:
    assert site.get("/healthz").status == 200
    waiting = site.get("/readyz")
    assert (waiting.status, waiting.text) == (503, "0 of 2 cameras are watched\n")
    site.take(CameraState("front", CameraStatus.WATCHING, None, now_utc()))
    assert site.get("/readyz").status == 503
    site.take(CameraState("yard-2", CameraStatus.WAITING, "no answer", now_utc()))
    ready = site.get("/readyz")
    assert (ready.status, ready.text) == (200, "1 of 2 cameras are watched\n")


def test_not_ready_and_no_metrics_while_the_ledger_cannot_be_read(site: Site) -> None:
    for camera in CAMERAS:
        site.take(CameraState(camera, CameraStatus.WATCHING, None, now_utc()))
    site.ledger.close()
    assert site.get("/readyz").status == 503
    assert site.get("/metrics").status == 503


def test_metrics_need_the_token_and_probes_do_not(tmp_path: Path) -> None:
    with serving(tmp_path, WebSettings(port=0, token=TOKEN)) as site:
        assert site.get("/metrics").status == 401
        assert site.get("/metrics", authorization=f"Bearer {TOKEN}").status == 200
        assert site.get("/healthz").status == 200
        assert site.get("/readyz").text == "0 of 2 cameras are watched\n"
