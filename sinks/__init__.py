"""Sinks bring events out of the program.

Modules, in reading order:

- ``events``: the records that sinks receive, in addition to the analyzer's
- ``sink``: the Sink protocol and its error
- ``serialize``: windows and gaps as JSON objects
- ``mqtt``: the MQTT sink, with Home Assistant discovery
"""
