"""The program run as a user runs it, and invariants of what it leaves."""
