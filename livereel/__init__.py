"""livereel: a streaming video analyzer that keeps a highlight reel rolling.

From Python: ``scan`` finds the keyframes of a source, ``recap`` makes a reel of files, ``batch`` one of each
of many, and ``watch`` yields the events of live cameras. All of it is imported when it is first used.

Read in this order:

- ``app``: composition: the only module that names concrete classes and wires them.
- ``background_task``: runs a sink for as long as a block of code lasts.
- ``config``: the configuration file and the options of the command line.
- ``camera``: one camera, in a process of its own: from its source to windows.
- ``ledger``: the database of a data folder: windows, moments, gaps, reels and outboxes.
- ``reels``: reels planned and compiled from the ledger.
- ``replay``: stored windows measured again with other settings.
- ``storage``: the data folder: its layout, free space, recovery and retention.
- ``live``: a live run: cameras, descriptions, reels and sinks together.
- ``once``: files and other sources that are seen once: what ``scan`` and ``recap`` do.
- ``errors``: expected failures: each explained in one line.
- ``api``: the Python API.
- ``cli``: the commands.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analyzer.describe.describer import DescribeError as DescribeError
    from analyzer.describe.describer import Describer as Describer
    from analyzer.describe.moment import Moment as Moment
    from analyzer.reel.records import Chapter as Chapter
    from analyzer.reel.records import Gap as Gap
    from analyzer.reel.records import GapReason as GapReason
    from analyzer.reel.records import Reel as Reel
    from analyzer.signal.window import Keyframe as Keyframe
    from analyzer.signal.window import Outcome as Outcome
    from analyzer.signal.window import Peak as Peak
    from analyzer.signal.window import Window as Window
    from livereel.api.batch import Batch as Batch
    from livereel.api.batch import batch as batch
    from livereel.api.conversation import Conversation as Conversation
    from livereel.api.conversation import Message as Message
    from livereel.api.describers import Model as Model
    from livereel.api.describers import load_model as load_model
    from livereel.api.lab import create_video_from_frames as create_video_from_frames
    from livereel.api.lab import extract_keyframes as extract_keyframes
    from livereel.api.lab import record as record
    from livereel.api.recap import Recap as Recap
    from livereel.api.recap import recap as recap
    from livereel.api.recap import show as show
    from livereel.api.records import Picture as Picture
    from livereel.api.records import SeenWindow as SeenWindow
    from livereel.api.scan import Scan as Scan
    from livereel.api.scan import scan as scan
    from livereel.api.transcript import Transcript as Transcript
    from livereel.api.watch import Missed as Missed
    from livereel.api.watch import watch as watch
    from livereel.errors import LivereelError as LivereelError
    from sinks.events import CameraState as CameraState
    from sinks.events import CameraStatus as CameraStatus
    from sinks.events import KeyframePreview as KeyframePreview
    from sinks.events import MotionChanged as MotionChanged
    from sinks.events import Restored as Restored
    from sinks.events import Stats as Stats

__version__ = "0.1.0"

_PLACES = {
    "livereel.api.scan": ["Scan", "scan"],
    "livereel.api.recap": ["Recap", "recap", "show"],
    "livereel.api.batch": ["Batch", "batch"],
    "livereel.api.watch": ["Missed", "watch"],
    "livereel.api.describers": ["Model", "load_model"],
    "livereel.api.records": ["Picture", "SeenWindow"],
    "livereel.api.conversation": ["Conversation", "Message"],
    "livereel.api.transcript": ["Transcript"],
    "livereel.api.lab": ["create_video_from_frames", "extract_keyframes", "record"],
    "livereel.errors": ["LivereelError"],
    "analyzer.signal.window": ["Keyframe", "Outcome", "Peak", "Window"],
    "analyzer.describe.moment": ["Moment"],
    "analyzer.describe.describer": ["DescribeError", "Describer"],
    "analyzer.reel.records": ["Chapter", "Gap", "GapReason", "Reel"],
    "sinks.events": ["CameraState", "CameraStatus", "KeyframePreview", "MotionChanged", "Restored", "Stats"],
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}

__all__ = ["__version__", *_MODULES]  # noqa: PLE0604  # strings, all of them


def __getattr__(name: str) -> Any:
    """Import what is asked for: a codec or a model library may be behind it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
