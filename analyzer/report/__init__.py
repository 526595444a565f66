"""Self-contained HTML pages.

Read in this order:

- ``page``: the report of a reel and the plot of a scan, as HTML pages.
- ``chart``: windows as a chart: signal, threshold, floor, peaks, gaps and ticks.
- ``sound_curve``: the level of the sound under the signal, with its peaks, and speech.
- ``axis``: the time axis of a page, in media or wall time, and its ticks.
- ``thumbnail``: pictures small enough to be embedded in a page.
"""
