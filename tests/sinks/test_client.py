"""What the client owes to aiomqtt's own, of which it replaces parts that are private."""

from __future__ import annotations

import aiomqtt
import pytest

from sinks.client import Client


@pytest.mark.parametrize(
    "name",
    [
        "_client_connect",
        "_on_connect",
        "_on_disconnect",
        "_on_publish",
        "_on_socket_register_write",
    ],
)
def test_what_is_replaced_is_there_to_be_replaced(name: str) -> None:
    """A version of aiomqtt that calls it by another name would go on without it, and nothing would fail."""
    assert name in vars(Client)
    assert name in vars(aiomqtt.Client)
