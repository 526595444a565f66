"""Media time of live sources, compared with the arrival of their packets.

Read in this order:

- ``timestamps``: timestamps of packets, and whether one continues the timeline of the one before. Pure.
- ``arrival_clock``: the offset between stream time and the local clock, estimated from arrivals. Pure.
- ``continuity``: whether a stream goes on arriving as usual. Pure.
- ``arrival_times``: times for a stream that has none: smoothed arrival times. Pure.
- ``drift``: whether a stream's clock runs faster or slower than the local one. Pure.
- ``clock_times``: times of a stream, corrected once its clock is known to run at a wrong rate. Pure.
- ``pace``: the usual interval between a camera's frames. Pure.
- ``timed_source``: a live source whose packets have times that agree with their arrival.
"""
