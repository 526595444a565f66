"""The configuration.

Read in this order:

- ``schema``: every option with its default, its unit in its name, and its bounds.
- ``file``: read a YAML file; every mistake is named with its file, line and key.
- ``options``: the configuration combined with the command line, as the packages' settings.
- ``since``: a time in the past, as a person types it.
- ``describers``: make the describer, selector and narrator that the configuration names.
"""
