"""Measures of the pitch in metres: seven a side, half of it visible."""

# Metres from the camera: the near and far touchlines, the halfway line, the goal line.
NEAR_LINE, FAR_LINE = 10.0, 42.0
HALFWAY, GOAL_LINE = -4.0, 21.0
GOAL_Y, GOAL_HALF, BAR = 26.0, 2.5, 2.0
