"""Settings that are checked before a connection is tried: the broker's address and the certificates."""

from __future__ import annotations

import re
import ssl

from sinks.mqtt.connection.endpoint import Endpoint
from sinks.mqtt.settings import MqttSettings, problems
from sinks.sink import SinkError


def usable_endpoint(settings: MqttSettings) -> Endpoint:
    """Return the broker's address; raises SinkError naming the first option that cannot work."""
    for key, problem in problems(settings):
        raise SinkError(f"mqtt: {key}: {problem}")
    return settings.endpoint


def tls_context(settings: MqttSettings) -> ssl.SSLContext | None:
    """Read the certificates; return None where TLS is off. Raises SinkError if they cannot be used."""
    if not settings.endpoint.encrypted:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_certs)
        if settings.tls_client_cert is not None:
            context.load_cert_chain(settings.tls_client_cert, settings.tls_client_key)
    except OSError as error:  # ssl.SSLError is one
        files = (settings.tls_ca_certs, settings.tls_client_cert, settings.tls_client_key)
        names = ", ".join(str(file) for file in files if file)
        reason = without_numbers(error.strerror or str(error))
        raise SinkError(f"mqtt: certificates ({names}): {reason}") from error
    context.check_hostname = not settings.tls_insecure
    context.sslsocket_class = _TlsSocket
    return context


def without_numbers(text: str) -> str:
    """Return an error's text without the system's or OpenSSL's numbers."""
    bare = re.sub(r"^(\[(Errno |SSL|X509)[^]]*\]|_ssl\.c:\d+:) ", "", text)
    return re.sub(r" \(_ssl\.c:\d+\)$", "", bare)


class _TlsSocket(ssl.SSLSocket):
    """A socket that closes itself when the handshake fails; paho leaves it to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  # ssl's signature
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise
