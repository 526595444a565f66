"""Sinks bring events out of the program.

Modules, in reading order:

- ``events``: the records that sinks receive, besides the analyzer's own
- ``sink``: the Sink protocol and its error
- ``serialize``: windows and gaps as JSON objects
- ``mqtt``: the MQTT sink, with Home Assistant discovery
"""
