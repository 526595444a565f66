"""What every package may use and what knows nothing of video.

Read in this order:

- ``clock``: wall time as text, and the mapping from media time to wall time.
- ``local_time``: times as people read them, in their zone.
- ``atomic``: folders and text files that appear complete or not at all.
- ``temporary``: a folder that is removed when nothing needs it any longer.
- ``loading``: load modules while the garbage collector is paused.
- ``plural``: counts with their noun.
- ``exceptions``: what caused an exception, and how the clients of AWS name theirs.
- ``backoff``: the pauses between attempts at an operation that keeps failing.
- ``daemon_thread``: run a blocking call in a thread that does not hold up the exit.
- ``tasks``: asyncio tasks that end together.
- ``loop_thread``: an asyncio loop in a thread of its own.
- ``child_process``: child processes with a pipe, which end with the main process.
- ``child_job``: one job for a child process.
"""
