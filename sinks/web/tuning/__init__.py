"""What people may teach livereel from the pages.

Modules, in reading order:

- ``feedback``: verdicts on moments
- ``replay``: other settings, tried on what a camera has stored
"""
