"""Bytes in: sources, the rolling packet buffer, frames at analysis size, and media files."""
