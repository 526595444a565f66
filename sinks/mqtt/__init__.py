"""The MQTT sink.

Modules, in reading order:

- ``sink``: MqttSink, which turns events into messages and commands into calls
- ``messages``, ``homeassistant``: the messages' topics and payloads, and Home Assistant discovery
- ``message``: the message records
- ``send_queue``: states and events in memory; ``outbox``, ``async_outbox``: captions and reels on disk
- ``session``: keeps a connection and sends both; with ``timing`` (timeouts, backoff), ``connection_log`` and
  ``oversize`` (a message that the broker hangs up at)
- ``client``: one connection; with ``tls``, ``daemon_thread`` and ``errors``
- ``settings``, ``endpoint``: the options, their checks, and the broker's address
- ``access_check``: tests the broker's access rules for ``livereel check``
"""
