"""Tests of what installs livereel: the wheel, containers, the service, Home Assistant."""
