"""``synthetic://field``.

Read in this order:

- ``field``: the football field in motion.
- ``match``: one attack of a football match, simulated step by step.
- ``play``: records of a match: positions and actions of players and ball.
- ``pitch``: measures of the pitch in metres: seven a side, half of it visible.
- ``players``: paint footballers and the ball.
- ``backdrop``: the empty field: view, light, grass and lines.
- ``surroundings``: the stand, boards, goal, trees and floodlights.
"""
