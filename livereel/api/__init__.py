"""The Python API: what ``import livereel`` offers.

Modules, in reading order:

    options       keyword arguments as a configuration
    progress      a bar in a notebook or on a terminal
    records       windows and keyframes with their pictures
    html          records as HTML, for notebooks
    plot          the signal as a figure
    scan          ``scan``: the windows of a source
    describers    describers from Python, and models that are reused
    conversation  what was asked and answered
    transcript    what was described, in the order of time
    recap         ``recap``: one reel of whole files
    batch         ``batch``: a reel of each of many files
    watch         ``watch``: the events of live cameras
    lab           functions for files: keyframes, a video of pictures, a recording
"""
