"""Frames in, reels out: motion, peaks, windows, words, chapters and reels."""
