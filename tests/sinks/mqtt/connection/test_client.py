"""The connection: versions, certificates, passwords, and what a broker says no to."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sinks.mqtt.access_check import check_broker
from sinks.mqtt.connection.client import IN_FLIGHT, Client
from sinks.mqtt.connection.errors import BrokerError, RefusedError
from sinks.mqtt.connection.message import Message
from sinks.mqtt.settings import MqttSettings
from sinks.sink import SinkError
from tests.kit.mqtt.broker import (
    MOSQUITTO,
    Broker,
    Certificates,
    broker,
    certificates,
    free_port,
    password_file,
)
from tests.kit.mqtt.sink_thread import QUICK, looped
from tests.kit.mqtt.subscriber import listener, wait_until

ROOT = Path(__file__).parents[4]

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tls_broker(tmp_path: Path, signed: Certificates) -> Iterator[Broker]:
    """A broker that shows a certificate for ``localhost`` and asks everybody for theirs."""
    lines = (
        "allow_anonymous true",
        f"cafile {signed.ca}",
        f"certfile {signed.server}",
        f"keyfile {signed.server_key}",
        "require_certificate true",
    )
    with broker(tmp_path / "tls", *lines) as it:
        yield it


def over_tls(port: int, signed: Certificates) -> MqttSettings:
    return MqttSettings(
        "localhost",
        port,
        tls_ca_certs=signed.ca,
        tls_client_cert=signed.client,
        tls_client_key=signed.client_key,
    )


def why_not(settings: MqttSettings) -> str:
    with pytest.raises((BrokerError, SinkError)) as caught:
        asyncio.run(check_broker(settings, ["front"]))
    return str(caught.value)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_message_is_acknowledged_in_both_versions(tmp_path: Path, protocol: str) -> None:
    async def send(port: int) -> None:
        settings = replace(MqttSettings("127.0.0.1", port), protocol=protocol)  # type: ignore[arg-type]  # as configured
        async with Client(settings, QUICK, None) as client:
            for qos in (0, 1):
                await client.publish(Message("a", b"hello", qos=qos))

    with broker(tmp_path / "broker") as peer, listener(peer.port) as others:
        asyncio.run(send(peer.port))
        wait_until(lambda: [message.payload for message in others.on("a")] == [b"hello", b"hello"])


def test_certificates_open_an_encrypted_connection(tls_broker: Broker, signed: Certificates) -> None:
    asyncio.run(check_broker(over_tls(tls_broker.port, signed), ["front"]))


def test_a_certificate_of_an_unknown_authority_is_refused(tls_broker: Broker, signed: Certificates) -> None:
    settings = replace(over_tls(tls_broker.port, signed), tls_ca_certs=None)
    assert "self-signed certificate" in why_not(settings)


def test_a_certificate_of_another_host_is_refused_unless_configured(
    tls_broker: Broker, signed: Certificates
) -> None:
    settings = replace(over_tls(tls_broker.port, signed), host="127.0.0.1")
    assert "certificate is not valid for '127.0.0.1'" in why_not(settings)
    asyncio.run(check_broker(replace(settings, tls_insecure=True), ["front"]))


def test_a_broker_that_wants_a_certificate_gets_none(tls_broker: Broker, signed: Certificates) -> None:
    assert why_not(replace(over_tls(tls_broker.port, signed), tls_client_cert=None))


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    settings = MqttSettings("localhost", tls_ca_certs=tmp_path / "absent.pem")
    assert why_not(settings) == f"mqtt: certificates ({tmp_path}/absent.pem): No such file or directory"
    (tmp_path / "wrong.pem").write_text("no certificate")
    wrong = why_not(replace(settings, tls_ca_certs=tmp_path / "wrong.pem"))
    assert wrong == f"mqtt: certificates ({tmp_path}/wrong.pem): no certificate or crl found"


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_password_is_accepted_and_a_wrong_one_is_reported(tmp_path: Path, protocol: str) -> None:
    passwords = password_file(tmp_path, "livereel", "open sesame")
    lines = ("allow_anonymous false", f"password_file {passwords}")
    with broker(tmp_path / "broker", *lines) as peer:
        settings = MqttSettings("127.0.0.1", peer.port, user="livereel", password="open sesame")  # noqa: S106  # the test's
        settings = replace(settings, protocol=protocol)  # type: ignore[arg-type]  # as configured
        asyncio.run(check_broker(settings, ["front"]))
        assert "ot authori" in why_not(replace(settings, password="wrong"))  # noqa: S106  # the test's
        assert "ot authori" in why_not(replace(settings, user=None, password=None))


def test_a_broker_that_hangs_up_is_reported_with_a_hint(
    tmp_path: Path, tls_broker: Broker, signed: Certificates
) -> None:
    assert "does it want TLS?" in why_not(MqttSettings("localhost", tls_broker.port))
    stranger = replace(over_tls(tls_broker.port, signed), tls_client_cert=None, tls_client_key=None)
    assert "does it want a certificate of ours?" in why_not(stranger)
    with broker(tmp_path / "plain") as peer:
        assert "does it speak TLS at this port?" in why_not(over_tls(peer.port, signed))


@pytest.mark.parametrize("reply", [bytes(100), b"\x15\x03\x01\x00\x02\x02\x46", b"\x20\x03\x00\xee\x00"])
def test_an_answer_that_is_not_mqtt_is_reported_as_such(reply: bytes) -> None:
    """Zeros; TLS that refuses what is no TLS; a reason that MQTT does not have."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(reply)
        await writer.drain()
        writer.close()

    async def run() -> str:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            settings = MqttSettings("127.0.0.1", server.sockets[0].getsockname()[1])
            with pytest.raises(BrokerError) as failed:
                await check_broker(settings, ["front"])
            return str(failed.value)

    told = asyncio.run(run())
    assert "the answer is not MQTT: is this a broker's port, or does it want TLS?" in told


def test_a_refusal_leaves_no_error_behind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Python logs an exception that was never retrieved when its future is collected."""
    with broker(tmp_path / "broker", "allow_anonymous false") as peer:
        assert "ot authori" in why_not(MqttSettings("127.0.0.1", peer.port))
        gc.collect()
    assert not caplog.records


def test_a_program_ends_while_a_name_server_does_not_answer() -> None:
    """Nothing can end such a thread, and the end of the program does not wait for it."""
    script = """
import asyncio, socket, time
from sinks.mqtt.settings import Timing
from sinks.mqtt.connection.client import Client
from sinks.mqtt.settings import MqttSettings

async def run():
    connecting = asyncio.create_task(Client(MqttSettings("broker"), Timing(), None).__aenter__())
    await asyncio.sleep(0.1)
    connecting.cancel()
    await asyncio.wait([connecting])
    print("over")

socket.getaddrinfo = lambda *_: time.sleep(3600)
asyncio.run(run())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=60, check=True, cwd=ROOT
    )
    assert (done.stdout, done.stderr) == (b"over\n", b"")


def test_a_port_without_a_server_is_reported() -> None:
    assert "refused" in why_not(MqttSettings("127.0.0.1", free_port()))


@pytest.mark.parametrize("host", ["broker..lan", "b" * 64 + ".lan"])
def test_a_host_that_cannot_be_one_is_reported(host: str) -> None:
    assert why_not(MqttSettings(host)).startswith(f"{host}:1883: not the name of a host: ")


def test_a_password_is_not_shown() -> None:
    assert "sesame" not in repr(MqttSettings("localhost", password="open sesame"))  # noqa: S106  # the test's


def test_a_refused_message_is_distinguished_from_an_accepted_one(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.write_text("topic write allowed\n")
    rules.chmod(0o600)

    @looped
    async def send(port: int) -> None:
        async with Client(MqttSettings("127.0.0.1", port), QUICK, None) as client:
            answers = [client.publish(Message(topic, b"x", qos=1)) for topic in ("allowed", "secret")]
            allowed, secret = await asyncio.gather(*answers, return_exceptions=True)
            assert allowed is None
            assert isinstance(secret, RefusedError)
            assert str(secret) == "Not authorized"

    with broker(tmp_path / "broker", "allow_anonymous true", f"acl_file {rules}") as peer:
        send(peer.port)


def test_a_broker_that_wants_little_in_flight_gets_little(tmp_path: Path) -> None:
    @looped
    async def limits(port: int, limit: int) -> None:
        async with Client(MqttSettings("127.0.0.1", port), QUICK, None) as client:
            assert client.in_flight == limit

    with broker(tmp_path / "broker", "allow_anonymous true", "max_inflight_messages 3") as peer:
        limits(peer.port, 3)
    with broker(tmp_path / "another", "allow_anonymous true") as peer:
        limits(peer.port, IN_FLIGHT)
