"""``recap``: one reel of whole files.

Modules, in reading order:

    options   the options that it alone has
    request   what is asked for on the command line
    files     the files: named, in order, and cut to the part that is asked for
    describe  capture in a thread while windows are described
    listen    the text of what is said, in time for the description or later
    make      watches the sources, plans the reel and compiles it
"""
