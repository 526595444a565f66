"""The object store sink: clips, keyframes and reels, copied to S3, Google Cloud Storage or Azure.

Read in this order:

- ``folder``: a folder of an object store, in which each file is written once.
- ``upload``: a reel that is made on this machine, and then written to a new folder.
- ``messages``: what is copied for an event, as messages of the outbox.
- ``delivery``: copies what waits in the outbox.
"""
