"""The reels of a live run.

Modules, in reading order:

    settings         a reel by its name, as the configuration has it
    schedule         when a reel is made: again and again, or daily at a local time
    spec             what each reel of a run shows, and when it is made
    period           what the ledger holds of some cameras' time
    plan             chooses a reel's chapters, holds them to its length, and writes its story
    explain          why each moment is in a reel, or is not
    series           numbers the reels of one id, makes the next, removes old ones
    now              makes a reel now, as the command line asks for it
    compile_process  compiles it in a process of its own
"""
