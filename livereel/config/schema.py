"""Every option with its default: the settings of all packages in one record."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le

from analyzer.describe.settings import DescribeSettings
from analyzer.reel.settings import ReelSettings
from analyzer.signal.settings import MotionSettings, PeakSettings, SoundSettings
from analyzer.transcribe.settings import TranscribeSettings
from livereel.camera.settings import CameraSettings
from livereel.reels.settings import NamedReel
from livereel.storage.settings import RetentionSettings
from sinks.mqtt.settings import MqttSettings
from sinks.notify.settings import NotifySettings
from sinks.web.settings import WebSettings


class ConfigError(Exception):
    """A configuration cannot be used; a message for each mistake names file, line and key."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__(*mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(self.mistakes)


class UsageError(ConfigError):
    """An option of the command line cannot be used: wrong usage rather than a failure."""


@dataclass(frozen=True, slots=True)
class Config:
    """All of it. ``livereel.config.file`` reads it from a file and holds it to the bounds."""

    data: Path = Path("livereel-data")
    cameras: tuple[CameraSettings, ...] = ()
    window_s: Annotated[float, Ge(1), Le(600)] = 10.0
    motion: MotionSettings = field(default_factory=MotionSettings)
    peaks: PeakSettings = field(default_factory=PeakSettings)
    sound: SoundSettings = field(default_factory=SoundSettings)
    describe: DescribeSettings = field(default_factory=DescribeSettings)
    transcribe: TranscribeSettings = field(default_factory=TranscribeSettings)
    reel: ReelSettings = field(default_factory=ReelSettings)
    reels: tuple[NamedReel, ...] = ()
    mqtt: MqttSettings = field(default_factory=MqttSettings)
    web: WebSettings = field(default_factory=WebSettings)
    notify: tuple[NotifySettings, ...] = ()
    store: str | None = None
    retention: RetentionSettings = field(default_factory=RetentionSettings)
