"""Sinks bring events out of the program.

Modules, in reading order:

- ``events``: the records that sinks receive, in addition to the analyzer's
- ``sink``: the Sink protocol and its error
- ``outbox``: the Outbox protocol: what a sink must deliver, stored with the event that makes it
- ``outbox_reader``: an outbox as a sink reads it on the event loop
- ``outbox_sink``: a sink that delivers what its outbox holds; ``notify`` and ``objectstore`` are such
- ``archive``: the Archive protocol: what sinks may read of what is stored
- ``live_view``: the LiveView protocol: what live viewers of a camera get, and its messages
- ``feedback``: what people think of moments, and the protocol that stores it
- ``tuning``: the protocol by which other settings are tried on stored windows
- ``serialize``: windows and gaps as JSON objects
- ``objectstore``: clips, keyframes and reels, copied to an object store; see there.
- ``mqtt``: the MQTT sink, with Home Assistant discovery
- ``notify``: alerts, moments and reels sent to people
- ``web``: pages, JSON API and media over HTTP
"""
