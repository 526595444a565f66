"""The commands.

Read in this order:

- ``main``: the command line: results to stdout, logs to stderr; exit 0 done, 1 failed, 2 wrong usage.
- ``parameters``: the arguments and options that several commands have.
- ``shared_options``: what every command has: examples in its help, ``--utc`` and how much is logged.
- ``scan``: ``scan``: print the windows and keyframes of a source.
- ``recap``: ``recap``: make one reel of whole files.
- ``init``: ``init``: write a configuration with its first camera.
- ``check``: ``check``: try everything that a configuration names.
- ``check_camera``: what ``check`` finds of one camera: its stream, and its regions against its picture.
- ``ledger``: ``ledger``: print what happened.
- ``interrupt``: end a live source at the first Ctrl-C and keep what was seen.
- ``progress``: a progress bar on a terminal, nothing in a pipe.
- ``log``: the log on stderr, in the form that fits its reader, and without credentials.
- ``errors``: Expected failures, each explained in one line.
"""
