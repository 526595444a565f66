"""The Describer protocol and its error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar, runtime_checkable

from analyzer.describe.moment import Moment
from analyzer.signal.window import Window

_MAX_CHARS = 300
T = TypeVar("T")


class DescribeError(Exception):
    """A window could not be described, or its speech not be transcribed.

    The message is one clear line, whatever a server has put into it.

    Attributes:
        retryable: whether the same window may succeed later (server down, timeout, overload).
        retry_after_s: how long the server asks not to be asked; 0 where it does not say.
    """

    def __init__(self, message: str, *, retryable: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(one_line(message))
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class RefusedError(DescribeError):
    """The model refuses every window until its key, its account or the configuration is corrected."""


def one_line(text: str) -> str:
    """Return a text as one line of characters that any terminal and log takes."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def as_describe_error(error: BaseException) -> DescribeError:
    """Return any exception of a describer as a DescribeError of one line; unexpected ones are retryable."""
    if isinstance(error, DescribeError):
        return error
    text = one_line(str(error))[:_MAX_CHARS]
    name = type(error).__name__
    return DescribeError(f"unexpected {name}: {text}" if text else f"unexpected {name}", retryable=True)


async def tried(ask: Callable[[], Awaitable[T]]) -> T | DescribeError:
    """Return what a model answers, or whatever it raises, as ``as_describe_error`` does.

    A cancellation is raised where it is one of this task; a client's own is a failure like others.
    """
    try:
        return await ask()
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return as_describe_error(error)
    except Exception as error:  # noqa: BLE001  # describers are extensible, and clients may raise anything
        return as_describe_error(error)


@runtime_checkable
class Describer(Protocol):
    """Describes windows, or raises DescribeError; never invents an answer."""

    model: str

    async def describe(self, window: Window) -> Moment:
        """Describe a window that is not quiet. Cancellation leaves nothing running."""
        ...

    def tokens(self, window: Window) -> int:
        """Estimate the tokens that describing the window takes; 0 where no tokens are used."""
        ...

    async def close(self) -> None:
        """Release the model or the connection. Safe to call twice."""
        ...
