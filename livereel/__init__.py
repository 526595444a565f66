"""livereel: a streaming video analyzer that keeps a highlight reel rolling."""

__version__ = "0.1.0"
