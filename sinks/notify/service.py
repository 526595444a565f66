"""One notification service, by Apprise."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from sinks.notify.notification import Notification
from sinks.sink import SinkError

_NOT_INSTALLED = "notify: needs Apprise, which is not installed: pip install '.[notify]'"
# Parts of an address that may be a secret; shorter words are too common to be looked for.
_PART = re.compile(r"[^/?&=:@#]{6,}")
_MAX_REASON_CHARS = 200


class NotifyError(SinkError):
    """A notification was not accepted; the message is one clear line without secrets."""


class AppriseService:
    """Sends notifications to people, at an address of Apprise's."""

    def __init__(self, url: str) -> None:
        """Raises SinkError where Apprise is not installed, or does not know such an address."""
        try:
            import apprise  # noqa: PLC0415  # an extra
        except ImportError as error:
            raise SinkError(_NOT_INSTALLED) from error
        logger = logging.getLogger("apprise")  # its lines may show parts of the address
        logger.propagate = False
        logger.addHandler(logging.NullHandler())
        # With a timeout of its own Apprise sends in a pool of threads that all services share and that the
        # interpreter waits for at its end: one that hangs would hold up the others, and the program's end.
        self._apprise = apprise.Apprise(asset=apprise.AppriseAsset(service_timeout=0, async_mode=False))
        self._secrets = sorted(_PART.findall(url.partition("://")[2]), key=len, reverse=True)
        if not self._apprise.add(url):
            scheme = url.partition("://")[0]
            raise SinkError(
                f"notify: Apprise does not know the address {scheme}://...: https://appriseit.com lists all"
            )

    def send(self, notification: Notification, attachment: Path | None) -> None:
        """Send it, with a file where one is given. Raises NotifyError.

        Blocks in this thread, and without end while a service answers a little at a time.
        The reason of a failure is what the service's plugin logs of it.
        """
        result = self._apprise.notify(
            body=notification.body,
            title=notification.title,
            body_format="text",
            attach=None if attachment is None else str(attachment),
        )
        if not result:
            reasons = [entry.message for entry in result.logs() if entry.level in {"WARNING", "ERROR"}]
            raise NotifyError(self._without_secrets(reasons[-1] if reasons else "it gave no reason"))

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return " ".join(text.split())[:_MAX_REASON_CHARS]
