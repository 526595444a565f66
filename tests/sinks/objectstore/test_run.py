"""``livereel run`` with ``store``: what it keeps is copied while it runs, and what waits at its end later."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from analyzer.reel.manifest import MANIFEST
from tests.kit.program.process import LIVEREEL
from tests.kit.store.buckets import KEY, SECRET, Bucket, environment
from tests.kit.store.proxy import store_proxy

pytestmark = pytest.mark.slow

SECONDS = "16"


def run(folder: Path, bucket: Bucket, url: str, seconds: str) -> str:
    """Watch a synthetic camera; returns the log."""
    config = {
        "data": str(folder / "data"),
        "window_s": 4,
        "cameras": [
            {"name": "street", "source": "synthetic://street?seed=7&size=320x240&groups_per_minute=2"}
        ],
        "reel": {"min_chapters": 1, "every_s": 5},
        "web": {"enabled": False},
        "store": bucket.address("home"),
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    command = [str(LIVEREEL), "run", str(folder / "config.yaml"), "--seconds", seconds]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | environment(url), check=False
    )
    assert done.returncode == 0, done.stderr
    assert KEY not in done.stderr
    assert SECRET not in done.stderr
    return done.stderr


def manifests(bucket: Bucket) -> tuple[set[str], set[str]]:
    """Names of the windows' and of the reels' manifests, each of which names only what is there."""
    names = set(bucket.names())
    windows = {name for name in names if name.startswith("home/windows/")}
    reels = {name for name in names if name.endswith(f"/{MANIFEST}")}
    for name in windows:
        row = json.loads(bucket.get(name))
        files = [row["clip"], *(keyframe["file"] for keyframe in row["keyframes"])]
        assert {f"home/{file}" for file in files} <= names
    for name in reels:
        assert name.replace(MANIFEST, "reel.mp4") in names
    return windows, reels


def test_what_is_kept_is_copied_and_what_waited_follows_at_the_next_start(
    bucket: Bucket, tmp_path: Path
) -> None:
    with store_proxy(bucket.url) as proxy:
        proxy.always = "busy_503"
        log = run(tmp_path, bucket, proxy.url, SECONDS)
        assert "store: not sent, tried again: " in log
        assert "not sent yet, kept for the next start" in log
        assert bucket.names() == []
        proxy.always = "none"
        log = run(tmp_path, bucket, proxy.url, SECONDS)
    windows, reels = manifests(bucket)
    assert len(windows) >= 2
    assert reels
