"""Brokers, subscribers, and checks of what was delivered."""
