"""A lasting connection to an MQTT broker.

Read in this order:

- ``message``: the record of a message.
- ``errors``: BrokerError, and what a broker refuses.
- ``endpoint``: the broker's address.
- ``tls``: what is checked before a connection is tried: address and certificates.
- ``client``: one connection, over paho-mqtt.
- ``send_queue``: states and events that wait in memory.
- ``session``: reconnects, and sends what waits in memory and in the outbox.
- ``oversize``: finds a message at which the broker hangs up.
- ``connection_log``: logs changes of the connection once each.
"""
