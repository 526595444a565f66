"""reels."""
