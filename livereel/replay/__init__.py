"""Stored windows measured again with other settings.

Modules, in reading order:

    engine   measures the clips of windows again
    process  does it in a process of its own, which can be killed
    tuner    what the pages ask for: a camera's settings, and a stretch of it through others
"""
