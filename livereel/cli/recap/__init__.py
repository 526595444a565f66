"""``recap``: one reel of whole files.

Modules, in reading order:

    options  the options that it alone has
    command  makes the reel and prints where it is
"""
