"""Windows into words: the Describer seam and its implementations."""
