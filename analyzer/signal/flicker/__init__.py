"""Small fixed regions that change regularly: on-screen clocks, blinking lamps, counters.

They are learned from where the picture changed, frame by frame, and their usual changes are taken out of the
motion. Two kinds are distinguished from everything else:

- a *beat*: the changes of a place begin at whole multiples of one period, at one or two phases of it. A
  dripping tap, whose intervals differ by 15 % or more, is not taken for one;
- *recurrence*: how much of a place changes is the same again one or two seconds later, frame by frame.
  Tenths and hundredths of a stopwatch recur, and lamps that blink too fast for the frames; what walks or
  drives does not.

An event in such a region is not lost: it is larger than the region, and what changes outside counts; and the
region itself counts as soon as it changes for longer than it usually does.

Read in this order:

- ``region``: a region: its cells, period and phases; how large regions may be.
- ``history``: in which frames and cells changes were seen, and where they began.
- ``beats``: the period and phases of times, and how likely times without a beat would be so regular.
- ``recurrence``: after how long the same changes recur.
- ``learner``: which regions are learned, confirmed and dropped.
- ``ticker``: a band that changes all the time, as scrolling text does, which is only reported.
- ``mask``: takes the usual changes of regions out of motions.
- ``filter``: FlickerFilter: both for the frames of one camera, one after the other.
"""
