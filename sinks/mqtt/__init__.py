"""The MQTT sink.

Read in this order:

- ``sink``: MqttSink, which turns events into messages and commands into calls.
- ``messages``: topics and payloads.
- ``homeassistant``: Home Assistant discovery.
- ``connection``: a lasting connection to a broker.
- ``settings``: the options and their checks; timeouts.
- ``access_check``: tests the broker's access rules for ``livereel check``.
"""
