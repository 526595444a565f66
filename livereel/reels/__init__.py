"""Rolling reels.

Modules, in reading order:

    rolling          decides when a reel is made anew, from what, and which old ones are removed
    compile_process  compiles it in a process of its own
"""
