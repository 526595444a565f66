"""Every option with its default, its unit in its name, and its bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, MinLen

from sinks.mqtt.settings import MqttSettings

NAME = r"^[A-Za-z0-9_-]{1,64}$"
"""What a camera may be called: its name becomes part of files' names and of topics."""

MOST_PX = 65_536
"""No picture is wider or higher."""

Place = Annotated[float, Ge(0), Le(MOST_PX)]
Extent = Annotated[float, Gt(0), Le(MOST_PX)]
Point = tuple[Place, Place]
Rectangle = tuple[Place, Place, Extent, Extent]
Area = Rectangle | Annotated[tuple[Point, ...], MinLen(3)]
"""``[x, y, width, height]``, or a polygon's corners ``[[x, y], ...]``; source pixels."""


DescribeKind = Literal["builtin", "vllm", "openai"]
Style = Literal["clips", "keyframes"]


class ConfigError(Exception):
    """A configuration cannot be used; the message names file, line and key."""


class UsageError(ConfigError):
    """An option of the command line cannot be used: wrong usage rather than a failure."""


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """One camera: where it is, and where to look."""

    name: str
    source: Annotated[str, MinLen(1)]
    detect_source: Annotated[str, MinLen(1)] | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    loop: bool = False
    poll_s: Annotated[float, Ge(0.1), Le(600)] | None = None
    regions: tuple[Area, ...] = ()
    ignore: tuple[Area, ...] = ()
    profile: str | None = None
    normal: str = ""
    tell_me_when: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class MotionConfig:
    """How the signal is made from two frames."""

    signal: Literal["changed", "notebook"] = "changed"
    width_px: Annotated[int, Ge(64), Le(4096)] = 400
    height_px: Annotated[int, Ge(48), Le(4096)] = 300
    max_fps: Annotated[float, Ge(1)] | None = None


@dataclass(frozen=True, slots=True)
class PeaksConfig:
    """Which of a window's peaks are found and kept."""

    height_ratio: Annotated[float, Gt(0), Le(1)] = 0.4
    distance_frames: Annotated[int, Ge(1)] = 5
    max_keyframes: Annotated[int, Ge(1), Le(100)] = 12


@dataclass(frozen=True, slots=True)
class SamplingConfig:
    """How a model draws its words."""

    temperature: Annotated[float, Gt(0), Le(2)]
    top_p: Annotated[float, Gt(0), Le(1)]
    repetition_penalty: Annotated[float, Gt(0)]
    max_tokens: Annotated[int, Ge(16)]


@dataclass(frozen=True, slots=True)
class VllmConfig:
    """How a model in this process is run; see ``analyzer.describe.vllm.engine.EngineSettings``."""

    max_model_len: Annotated[int, Ge(1024)] = 8192
    memory_share: Annotated[float, Gt(0), Le(1)] = 0.9
    quantization: str | None = None
    tensor_parallel: Annotated[int, Ge(1)] = 1
    max_num_batched_tokens: Annotated[int, Ge(256)] = 4096
    renderer_num_workers: Annotated[int, Ge(1)] = 2
    dtype: str = "auto"
    load_format: str = "auto"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DescribeConfig:
    """Who puts windows into words, and how much is asked of it."""

    kind: DescribeKind = "builtin"
    model: str | None = None
    base_url: str | None = None
    api_key_variable: str = "OPENAI_API_KEY"
    pictures: Literal["auto", "video", "images"] = "auto"
    answers: Literal["auto", "schema", "words"] = "auto"
    extra_body: dict[str, Any] = field(default_factory=dict)
    extra_headers: dict[str, str] = field(default_factory=dict, repr=False)
    keyframe_px: Annotated[int, Ge(64), Le(4096)] = 640
    vision_tokens: Annotated[int, Ge(64)] = 1300
    timeout_s: Annotated[float, Gt(0)] = 60.0
    max_in_flight: Annotated[int, Ge(1), Le(1024)] | None = None
    max_waiting: Annotated[int, Ge(1)] = 5000
    late_after_s: Annotated[float, Gt(0)] = 30.0
    windows_per_minute: Annotated[float, Gt(0)] | None = None
    tokens_per_hour: Annotated[float, Gt(0)] | None = None
    profile: str = "surveillance"
    language: str = "English"
    profiles: dict[str, str] = field(default_factory=dict)
    describing: SamplingConfig = SamplingConfig(0.9, 0.001, 1.05, 256)
    selecting: SamplingConfig = SamplingConfig(0.1, 0.01, 1.05, 1024)
    vllm: VllmConfig = field(default_factory=VllmConfig)

    @property
    def at_once(self) -> int:
        """Windows asked about at once: unless told, what an engine of our own batches, or a server may."""
        return self.max_in_flight or (128 if self.kind == "vllm" else 32)


@dataclass(frozen=True, slots=True)
class ReelConfig:
    """What a reel holds, and when it is made."""

    every_s: Annotated[float, Ge(5)] = 60.0
    horizon_s: Annotated[float, Ge(10)] = 3600.0
    min_chapters: Annotated[int, Ge(1)] = 7
    max_chapters: Annotated[int, Ge(1)] = 10
    style: Style = "clips"
    hold_s: Annotated[float, Gt(0), Le(60)] = 0.4
    max_early_s: Annotated[float, Ge(0)] = 1.0


@dataclass(frozen=True, slots=True)
class RetentionConfig:
    """How much is kept."""

    max_age_h: Annotated[float, Gt(0)] = 168.0
    max_bytes: Annotated[int, Gt(0)] = 20_000_000_000
    min_free_bytes: Annotated[int, Ge(0)] = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Config:
    """All of it. ``livereel.config.file`` reads it from a file and holds it to the bounds."""

    data: Path = Path("livereel-data")
    cameras: tuple[CameraConfig, ...] = ()
    window_s: Annotated[float, Ge(1), Le(600)] = 10.0
    motion: MotionConfig = MotionConfig()
    peaks: PeaksConfig = PeaksConfig()
    describe: DescribeConfig = field(default_factory=DescribeConfig)
    reel: ReelConfig = ReelConfig()
    mqtt: MqttSettings = field(default_factory=MqttSettings)
    retention: RetentionConfig = RetentionConfig()
