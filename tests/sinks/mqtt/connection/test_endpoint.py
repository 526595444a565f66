"""The broker's address: every way to write it, and what is refused, without its password."""

from __future__ import annotations

import pytest

from sinks.mqtt.connection.endpoint import Endpoint, EndpointError, parse_endpoint
from sinks.mqtt.settings import MqttSettings

UNDERSTOOD = {
    "broker": Endpoint("broker", 1883, encrypted=False),
    "broker.": Endpoint("broker.", 1883, encrypted=False),
    "broker:1884": Endpoint("broker", 1884, encrypted=False),
    "10.0.0.5": Endpoint("10.0.0.5", 1883, encrypted=False),
    "::1": Endpoint("::1", 1883, encrypted=False),
    "[::1]": Endpoint("::1", 1883, encrypted=False),
    "[fe80::1%eth0]:1884": Endpoint("fe80::1%eth0", 1884, encrypted=False),
    "me:open@broker": Endpoint("broker", 1883, encrypted=False, user="me", password="open"),  # noqa: S106  # the test's
    "mqtt://broker": Endpoint("broker", 1883, encrypted=False),
    "mqtt://broker/": Endpoint("broker", 1883, encrypted=False),
    "tcp://broker": Endpoint("broker", 1883, encrypted=False),
    "MQTTS://broker": Endpoint("broker", 8883, encrypted=True),
    "ssl://broker": Endpoint("broker", 8883, encrypted=True),
    "tls://broker:1883": Endpoint("broker", 1883, encrypted=True),
    "mqtts://me:o%40%2Fpen@broker:8884": Endpoint(
        "broker",
        8884,
        encrypted=True,
        user="me",
        password="o@/pen",  # noqa: S106  # the test's
    ),
}

REFUSED = {
    "": "is empty",
    "  ": "is empty",
    "http://broker": "cannot begin with http://",
    "https://broker:8123": "cannot begin with https://",
    "unix:///run/mosquitto.sock": "cannot begin with unix://",
    "mqtt://": "names no host",
    "mqtt://:1883": "names no host",
    "me:secret@": "names no host",
    "my broker": "white space",
    "broker\n": "white space",
    "broker:": "names a port",
    "broker:mqtt": "names a port",
    "broker:0": "names a port",
    "broker:70000": "names a port",
    "broker/topic": "names a path",
    "mqtt://broker/topic": "names a path",
    "mqtts://broker?tls=1": "names a path",
    "mqtt://broker#top": "names a path",
    "ws://broker": "MQTT over websockets is not supported",
    "WSS://me:secret@broker/mqtt": "MQTT over websockets is not supported",
    "mqtt://[::1": "is not a host",
    "mqtt://me:secret/more@broker": "special characters in a password, which are written as %2F and so on",
    "mqtt://me:sec#ret@broker": "special characters in a password",
}


@pytest.mark.parametrize(("host", "endpoint"), UNDERSTOOD.items())
def test_an_address_is_understood(host: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(host, None, encrypted=False) == endpoint


@pytest.mark.parametrize(("host", "said"), REFUSED.items())
def test_what_is_no_address_is_refused_without_a_secret_in_the_message(host: str, said: str) -> None:
    with pytest.raises(EndpointError) as caught:
        parse_endpoint(host, None, encrypted=False)
    assert said in str(caught.value)
    assert not any(part in str(caught.value) for part in ("secret", "ret@", "more"))


def test_tls_changes_the_usual_port() -> None:
    assert parse_endpoint("broker", None, encrypted=True).port == 8883
    assert parse_endpoint("broker", 1883, encrypted=True).port == 1883


def test_two_ports_must_agree() -> None:
    assert parse_endpoint("broker:1884", 1884, encrypted=False).port == 1884
    with pytest.raises(EndpointError, match="names port 1884, but port is 1883"):
        parse_endpoint("broker:1884", 1883, encrypted=False)


def test_credentials_are_in_no_text_of_the_address() -> None:
    settings = MqttSettings("mqtts://me:secret@broker")
    for text in (repr(settings), repr(settings.endpoint), str(settings.endpoint)):
        assert "secret" not in text
    assert settings.credentials == ("me", "secret")
    assert str(settings.endpoint) == "broker:8883"
    assert str(MqttSettings("::1").endpoint) == "[::1]:1883"
