"""What a viewer likes: moments that were judged, and what they say of others.

Modules, in reading order:

- ``feedback``: verdicts, and what is kept of a moment that was judged.
- ``preferences``: how many points a moment gains or loses by its likeness to judged ones.
"""
