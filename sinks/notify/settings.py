"""The options of a notification service; light to import, since the configuration embeds them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Le

from base.backoff import Backoff
from sinks.notify.pace import QuietHours

ALERT, MOMENT, REEL = "alert", "moment", "reel"
OF_REEL = f"{REEL}:"
KEY_PREFIX = "notify-"
# What the outbox holds of one service; beyond it the oldest are dropped and counted.
OUTBOX_MAX_BYTES = 10_000_000
BACKOFF = Backoff.doubling(5.0, 600.0)
_EVENTS = frozenset({ALERT, MOMENT, REEL})


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """What is sent to one service, and when.

    Attributes:
        url: the service's address as Apprise writes it, such as ``ntfys://ntfy.sh/TOPIC``; a secret.
        when: ``alert``: a moment in which a ``tell_me_when`` rule holds; ``moment``: one of at least
            ``min_importance``; ``reel``: each reel; ``reel:NAME``: each reel of this name.
        cameras: only moments of these cameras, and reels of no others; empty for all.
        min_importance: from 0 to 10, for ``moment``.
        quiet_hours: local time in which nothing is sent, such as ``22:00-06:00``. What happens then is sent
            together afterwards.
        min_interval_s: least time between two notifications; what happens meanwhile is sent together.
        attach_max_bytes: larger files are not attached; of a reel its poster is, in place of the video.
    """

    url: str = field(repr=False)
    when: tuple[str, ...] = (ALERT,)
    cameras: tuple[str, ...] = ()
    min_importance: Annotated[float, Ge(0), Le(10)] = 7.0
    quiet_hours: str | None = None
    min_interval_s: Annotated[float, Ge(0), Le(86_400)] = 60.0
    attach_max_bytes: Annotated[int, Ge(0)] = 10_000_000

    @property
    def key(self) -> str:
        """Identifies the service in the ledger, wherever it stands in the list."""
        return f"{KEY_PREFIX}{self._kind}-{hashlib.sha256(self.url.encode()).hexdigest()[:8]}"

    def name(self, number: int) -> str:
        """Name it for people, by its kind and its place in the list: its host may be a secret."""
        return f"notify-{self._kind}-{number}"

    @property
    def _kind(self) -> str:
        return self.url.partition("://")[0]


def named(services: Sequence[NotifySettings]) -> Iterator[tuple[str, NotifySettings]]:
    """Yield each service of a list with its name."""
    return ((each.name(number), each) for number, each in enumerate(services, 1))


def problems(
    settings: NotifySettings, cameras: Collection[str], reels: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield each option that cannot be used, by its key, and what is wrong; never the address."""
    if settings.url and "://" not in settings.url:
        yield "url", "expected an address of Apprise, such as ntfys://ntfy.sh/my-topic"
    if not settings.when or any(
        name not in _EVENTS and not name.startswith(OF_REEL) for name in settings.when
    ):
        yield "when", "expected some of alert, moment, reel and reel:NAME"
    elif not {name.removeprefix(OF_REEL) for name in settings.when} <= {*_EVENTS, *reels}:
        yield "when", f"names a reel that there is not; there are {', '.join(reels)}"
    if not set(settings.cameras) <= set(cameras):
        yield "cameras", f"names a camera that there is not; there are {', '.join(cameras) or 'none'}"
    if settings.quiet_hours is not None:
        try:
            QuietHours.parse(settings.quiet_hours)
        except ValueError as error:
            yield "quiet_hours", str(error)
