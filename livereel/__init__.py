"""livereel: a streaming video analyzer that keeps a highlight reel rolling.

Read in this order:

- ``app``: composition: the only module that names concrete classes and wires them.
- ``config``: the configuration file and the options of the command line.
- ``camera``: one camera, in a process of its own: from its source to windows.
- ``ledger``: the database of a data folder: windows, moments, gaps, reels and outboxes.
- ``reels``: reels planned and compiled from the ledger.
- ``replay``: stored windows measured again with other settings.
- ``storage``: the data folder: its layout, free space, recovery and retention.
- ``live``: a live run: cameras, descriptions, reels and sinks together.
- ``once``: files and other sources that are seen once: what ``scan`` and ``recap`` do.
- ``errors``: expected failures: each explained in one line.
- ``cli``: the commands.
"""

__version__ = "0.1.0"
