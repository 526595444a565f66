"""The configuration.

Read in this order:

- ``schema``: every option with its default: the settings of all packages in one record.
- ``file``: read a YAML file; every mistake is named with its file, line and key, all of them at once.
- ``reader``: read the values of a file as records of settings, and note every mistake.
- ``values``: turn the values of a YAML file into those of options, within their bounds.
- ``quantity``: numbers that may have a unit, such as ``20GB``, ``7d`` or ``500 ms``.
- ``expected``: what an option expects, as a phrase with an example.
- ``options``: the configuration combined with the command line, as the packages' settings.
- ``since``: a time in the past, as a person types it.
- ``describers``: make the describer, selector and narrator that the configuration names.
"""
