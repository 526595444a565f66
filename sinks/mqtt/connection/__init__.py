"""A lasting connection to an MQTT broker.

Read in this order:

- ``message``, ``errors``, ``timing``: records of messages, BrokerError, timeouts and back-off.
- ``endpoint``, ``tls``: the broker's address, and encryption.
- ``client``: one connection, over paho-mqtt.
- ``send_queue``: states and events that wait in memory.
- ``session``: reconnects, and sends what waits in memory and in the outbox.
- ``oversize``: finds a message at which the broker hangs up.
- ``connection_log``: logs changes of the connection once each.
"""
