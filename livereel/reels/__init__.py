"""Rolling reels.

Modules, in reading order:

    plan             chooses a reel's chapters, holds them to its length, and writes its story
    explain          why each moment is in a reel, or is not
    rolling          decides when a reel is made anew, from what, and which old ones are removed
    compile_process  compiles it in a process of its own
"""
