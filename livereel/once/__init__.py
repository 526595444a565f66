"""Sources that are seen once, from start to end: what ``scan`` and ``recap`` do, without their output.

Modules, in reading order:

    interrupt   open a source to be seen once; a live one ends at the first Ctrl-C
    progress    how progress is shown, which is the caller's choice
    scan        windows and gaps of one source
    request     what a recap is of
    files       the files: named, in order, and cut to the part that is asked for
    describe    capture in a thread while windows are described
    transcribe  the text of what is said, in time for the description or later
    seen        what a recap has seen
    moved       the records of a recap whose folder has been renamed
    recap       watches the sources, plans the reel and compiles it
"""
