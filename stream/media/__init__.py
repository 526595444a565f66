"""Media files: written, joined, cut, probed and verified; copied first, re-encoded where that is needed."""
