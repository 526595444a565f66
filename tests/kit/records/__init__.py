"""Records made without video, and checks of contracts."""
