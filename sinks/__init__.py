"""What leaves the program: disk, MQTT and the dashboard."""
