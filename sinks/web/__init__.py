"""The web sink: pages to watch, a JSON API, and media, over HTTP.

Modules, in reading order:

    settings    the options and their bounds
    board       what the pages show of now, and events for open pages
    access      token, login, host and origin checks
    api         the JSON API
    live        cameras as they are now
    media       clips, keyframes and reels, with ranges
    pages       HTML from ``templates``, with script and style from ``static``
    tuning      feedback on moments, and other settings tried on stored windows
    connection  clients that are slow
    openapi     the JSON API described, for programs and for people
    metrics     counters for Prometheus
    probes      whether the program runs and does its work
    sink        ``WebSink``: all of it in one server
"""
