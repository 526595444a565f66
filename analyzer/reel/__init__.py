"""reel."""
