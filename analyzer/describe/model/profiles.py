"""What matters in each kind of footage, and what importance means there."""

from __future__ import annotations

SURVEILLANCE = """\
This is a security camera that watches one place. What counts is who or what comes, where it goes, what it \
does there, and what is out of place: somebody at a door, something carried, left behind or taken.
Importance: 0 only weather, leaves, shadows or light; 2 traffic or people passing by; 4 somebody stops, \
waits or looks around; 6 somebody comes to a door, delivers, parks or unloads; 8 somebody handles a door, \
a window or another's property, climbs, runs away or argues; 10 danger: fire, smoke, a fight, a break-in, \
an accident, somebody lying still."""

MOVIE = """\
This is part of a film. Tell what happens as a story: who does what to whom, where, and how the mood \
changes. Feelings may be told where faces and bodies show them.
Importance: 0 black, titles or credits; 2 a landscape or an empty room; 4 talk or walking; 6 a new person, \
place or object that matters; 8 a turn: a chase, a quarrel, an embrace, a discovery; 10 a climax: a death, \
a rescue, an explosion, a reunion."""

SPORTS = """\
This is sport. Tell the play: which side has the ball or the lead (by the colour of their clothes), where \
it goes, who shoots, passes, tackles or falls, and how it ends.
Importance: 0 an empty field or a break; 2 warming up, walking, spectators; 4 ordinary play; 6 an attack, a \
sprint or an overtaking; 8 a shot, a save, a foul, a crash; 10 a goal, a point, a finish, an injury."""

WILDLIFE = """\
This is a camera for wild animals. Tell which animals are there (the species only if its marks are seen), \
how many, their young, and what they do: feed, drink, rest, play, court, fight, hunt, flee.
Importance: 0 only wind, water, light or insects; 2 a distant bird or one animal passing; 4 an animal \
stops, feeds or drinks; 6 several animals, or one close by; 8 a rare animal, young, courtship or a chase; \
10 a kill, a birth, a fight, or a person where none should be."""

MEETING = """\
This is a room in which people meet. Tell who comes and goes (by seat or clothes), who speaks or presents, \
what is shown, written or handed over, and when attention shifts.
Importance: 0 an empty room; 2 people sit and listen; 4 somebody speaks or takes notes; 6 the speaker or \
the picture on the screen changes, somebody writes on a board; 8 somebody joins or leaves, hands go up, \
voices rise; 10 a vote, a signature, a handshake, an emergency."""

PROFILES = {
    "surveillance": SURVEILLANCE,
    "movie": MOVIE,
    "sports": SPORTS,
    "wildlife": WILDLIFE,
    "meeting": MEETING,
}
