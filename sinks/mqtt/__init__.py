"""The MQTT sink.

Read in this order:

- ``sink``: MqttSink, which turns events into messages and commands into calls.
- ``messages``: topics and payloads.
- ``homeassistant``: Home Assistant discovery.
- ``async_outbox``: the outbox of captions and reels, used from the event loop.
- ``connection``: a lasting connection to a broker.
- ``settings``: the options and their checks.
- ``access_check``: tests the broker's access rules for ``livereel check``.
"""
