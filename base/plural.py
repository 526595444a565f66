"""Counts in messages: the noun's form follows the number."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """``1 chapter``, ``2 chapters``; for nouns whose plural takes an s."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
