"""``recap``: one test module for each part of it."""
