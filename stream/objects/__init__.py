"""Objects of S3, Google Cloud Storage and Azure, read by range.

Read in this order:

- ``failure``: what the libraries of object stores raise, as one clear line.
- ``store``: the file systems of fsspec, each from an extra, and the objects in them.
- ``blocks``: a bounded cache of blocks, which reads ahead.
- ``file``: an object as a file for PyAV.
"""
