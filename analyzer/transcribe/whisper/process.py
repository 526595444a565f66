"""The child process of a Whisper model as the main process sees it: started, asked and ended."""

from __future__ import annotations

import asyncio
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from analyzer.describe.describer import DescribeError
from analyzer.transcribe.whisper.worker import Answer, Load, Recognise
from analyzer.transcribe.words import Segment
from base.child_process import Child

_MAX_CHARS = 300


class WhisperProcess:
    """A Whisper model in a child process; it answers one question after another.

    Attributes:
        is_dead: whether the process has ended.
    """

    def __init__(self) -> None:
        """Start the process. Raises DescribeError where faster-whisper is not installed, or OSError."""
        if importlib.util.find_spec("faster_whisper") is None:
            raise DescribeError("faster-whisper is not installed: pip install '.[speech]'")
        self._child = Child("analyzer.transcribe.whisper.worker", "run", "whisper")
        # One thread: it asks in turn, and a process that hangs blocks it alone, until ``close``.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="whisper")
        self.is_dead = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    async def load(self, request: Load) -> None:
        """Load the model, which may be downloaded for it; raises DescribeError."""
        _check(request.model)
        await self._exchange(request)

    async def segments(self, request: Recognise) -> tuple[Segment, ...]:
        """Return what is said in a sound; raises DescribeError, a retryable one when the process ends.

        Cancelled before it begins, it is not asked at all; later, the next question waits for its end.
        """
        return await self._exchange(request) or ()

    async def _exchange(self, request: Load | Recognise) -> tuple[Segment, ...] | None:
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._thread, self._ask, request)
        if isinstance(answer, DescribeError):
            raise DescribeError(str(answer)[:_MAX_CHARS], retryable=self.is_dead)
        return answer

    def _ask(self, request: Load | Recognise) -> Answer:
        try:
            self._child.pipe.send(request)
            answer: Answer = self._child.pipe.recv()
        except (EOFError, OSError):
            self.is_dead = True
            return DescribeError(f"the process of faster-whisper ended with {self._child.wait()}")
        return answer

    async def close(self) -> None:
        """Kill the process. Safe to call twice."""
        self.is_dead = True
        self._child.kill()
        await asyncio.to_thread(self._child.wait)
        self._thread.shutdown(wait=False, cancel_futures=True)


def _check(model: str) -> None:
    """Raise DescribeError for a folder that is not there: Hugging Face would be asked, and misleads."""
    is_path = Path(model).is_absolute() or model.startswith(".") or model.count("/") > 1
    if is_path and not Path(model).is_dir():
        raise DescribeError(f"there is no model folder {model}")
