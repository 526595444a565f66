"""A live run: cameras are watched, windows described, reels made, events published.

Modules, in reading order:

    service          ``Live``: the tasks of a run and what they share
    descriptions     describes windows and gives their speech its text
    cameras          watches the cameras; stores and publishes what they report
    coverage         ``GapTracker``: opens and closes gaps as cameras come and go
    write_queue      ``WriteQueue``: writes to the ledger that wait while the disk is full
    reel_jobs        makes reels at their times and on demand, one after another
    publisher        passes events to the sinks
    stats            counters of a run
    archive          the ledger and the data folder, as sinks read them
    spans            a camera's time as spans, cut to what a strip can show
    sound_marks      a camera's speech and peaks of sound, for a strip
    live_views       passes on what cameras show now to who watches them
    run_summary      what a run has seen, and whether any camera could be watched
"""
