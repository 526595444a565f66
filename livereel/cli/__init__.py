"""The commands.

Read in this order:

- ``main``: the program's entry point.
- ``interrupt``: Ctrl-C at any moment: while modules are loaded, in callbacks of libraries, and at the end.
- ``commands``: what each command is called, takes and runs.
- ``parameters``: the arguments and options that several commands have, and those that all of them have.
- ``program``: the command line as a process: signals, a closed pipe, failures as lines, exit codes.
- ``scan``: ``scan``: print the windows and keyframes of a source.
- ``recap``: ``recap``: make one reel of whole files.
- ``init``: ``init``: write a configuration with its first camera.
- ``check``: ``check``: try everything that a configuration names.
- ``check_camera``: what ``check`` finds of one camera: its stream, and its regions against its picture.
- ``ledger``: ``ledger``: print what happened.
- ``search``: ``search``: print the moments that match.
- ``progress``: a progress bar on a terminal, nothing in a pipe.
- ``log``: the log on stderr, in the form that fits its reader, and without credentials.
"""
