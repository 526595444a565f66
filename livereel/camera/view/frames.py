"""Previews and the motion signal for who watches live, of frames that are decoded anyway."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import cv2

from base.clock import utc_text
from livereel.camera.epoch import Epoch
from livereel.camera.view.channel import Channels, ViewChannel
from sinks.live_view import Tag, ViewKind, event, packed
from stream.frames.frame import Frame

PREVIEW_S = 0.5
PREVIEW_PX = 960
PREVIEW_QUALITY = 75
# Samples of so long are sent together.
MOTION_S = 0.15


class FrameView:
    """Takes every analysed frame, and sends what is watched of it. All calls come from one thread."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._next_preview_s = self._next_motion_s = 0.0
        self._samples: list[tuple[str, float, float]] = []
        self._peaks: list[tuple[str, float]] = []

    def push(self, frame: Frame, epoch: Epoch) -> None:
        """Take a frame that ``epoch`` has just measured."""
        now_s = time.monotonic()
        preview = self._channels.get(ViewKind.PREVIEW)
        if preview is not None and now_s >= self._next_preview_s:
            self._next_preview_s = max(self._next_preview_s + PREVIEW_S, now_s)
            self._send_preview(preview, frame)
        motion = self._channels.get(ViewKind.MOTION)
        if motion is not None:
            self._note(epoch)
        if motion is not None and self._samples and now_s >= self._next_motion_s:
            self._next_motion_s = now_s + MOTION_S
            now_utc = utc_text(datetime.now(UTC))
            motion.send(event("motion", now_utc=now_utc, samples=self._samples, peaks=self._peaks))
            self._samples, self._peaks = [], []

    def _send_preview(self, channel: ViewChannel, frame: Frame) -> None:
        quality = [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY]
        encoded, jpeg = cv2.imencode(".jpg", frame.picture(PREVIEW_PX), quality)
        if encoded:
            channel.send(packed(Tag.PREVIEW, jpeg.tobytes()))

    def _note(self, epoch: Epoch) -> None:
        motion = epoch.motion
        if motion is not None:
            at_utc = epoch.clock.utc(motion.pts_s)
            self._samples.append((at_utc, round(motion.value, 1), round(motion.threshold, 1)))
        for peak in epoch.settled_peaks():
            self._peaks.append((epoch.clock.utc(peak.pts_s), round(peak.value, 1)))
