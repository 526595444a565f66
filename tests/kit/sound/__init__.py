"""Sounds whose events are known."""
