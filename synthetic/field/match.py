"""One attack of a football match, simulated step by step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from synthetic.field.pitch import FAR_LINE, GOAL_LINE, GOAL_Y, NEAR_LINE
from synthetic.field.play import STEP_S, Deed, Instant, Play
from synthetic.view import Floats

MAX_SPAN_S = 28.0
"""No attack lasts longer than this from its first pass until all players stand still again."""

_KEEPER, _REFEREE = 6, 12
_ATTACKERS = range(6)
_DEFENDERS = range(7, 12)
_CREW = 13
_BASE = np.array(
    [
        (-1.5, 26), (1.5, 17), (1.5, 35), (7.5, 20), (7.0, 32), (11.5, 27),  # attackers
        (20.0, 26), (14.5, 21.5), (14.5, 30.5), (10, 25), (5, 19), (5, 33),  # keeper and defenders
        (3.5, 24),  # referee
    ]
)  # fmt: skip
_RUN_MPS, _JOG_MPS = 5.2, 2.8
_PASS_MPS, _SHOT_MPS = 11.0, 19.0


@lru_cache(maxsize=8)
def line_up(seed: int, number: int) -> Instant:
    """Return all players standing still before the attack of this number."""
    places, ball = _places(seed, number)
    still = np.zeros(_CREW)
    return Instant(places, facing(places, ball), still, still, still, ball)


def _places(seed: int, number: int) -> tuple[Floats, Floats]:
    """Return the places of all players, (13, 2), and of the ball, (3,), before an attack."""
    rng = np.random.default_rng([seed, 5, number])
    places = _BASE + rng.uniform(-1.6, 1.6, _BASE.shape)
    places[_KEEPER] = (GOAL_LINE - 1.0, GOAL_Y)
    for _ in range(12):  # players who stand too close to each other move apart
        places[:_KEEPER] += 0.3 * _spread(places, 2.0)[:_KEEPER]
        places[_KEEPER + 1 :] += 0.3 * _spread(places, 2.0)[_KEEPER + 1 :]
    starter = places[int(rng.integers(3))]
    return places, np.array([starter[0] + 0.55, starter[1], 0.11])


@lru_cache(maxsize=8)
def play(seed: int, number: int) -> Play:
    """Return the attack of this number."""
    return _Game(seed, number).played()


class _Game:
    """Simulates one attack and records each step."""

    def __init__(self, seed: int, number: int) -> None:
        self._rng = np.random.default_rng([seed, 6, number])
        self._places, self._ball = _places(seed, number)
        self._home, self._spot = _places(seed, number + 1)
        self._speed = np.zeros((_CREW, 2))
        self._ahead = facing(self._places, self._ball)
        self._gone = np.zeros(_CREW)
        self._cheer = np.zeros(_CREW)
        self._steps: list[tuple[Floats, ...]] = []
        self._deeds: list[Deed] = []
        self._write()

    def played(self) -> Play:
        holder = int(np.argmin(np.hypot(*(self._places[:6] - self._ball[:2]).T)))
        for _ in range(int(self._rng.integers(3, 6))):
            holder = self._pass(holder)
            self._dribble(holder)
        kind = self._shoot(holder)
        self._deeds.insert(0, Deed("attack", 0.0, self._now(), tuple(range(_CREW))))
        dead_s = self._now()
        if kind == "goal":
            self._celebrate(holder)
        self._regroup()
        self._deeds.append(Deed("regroup", dead_s, self._now(), tuple(range(_CREW))))
        places, ahead, gone_m, cheer, ball = (np.array(column) for column in zip(*self._steps, strict=True))
        deeds = tuple(sorted(self._deeds, key=lambda deed: deed.start_s))
        return Play(places, ahead, gone_m, cheer, ball, deeds)

    def _now(self) -> float:
        return (len(self._steps) - 1) * STEP_S

    def _write(self) -> None:
        state = (self._places, self._ahead, self._gone, self._cheer, self._ball)
        self._steps.append(tuple(part.copy() for part in state))

    def _pass(self, giver: int) -> int:
        """Pass the ball to another attacker, a few metres in front of him."""
        others = [player for player in _ATTACKERS if player != giver]
        forward = self._places[others, 0] - 0.25 * np.abs(self._places[others, 1] - GOAL_Y)
        liking = np.exp(forward / 5)
        taker = int(self._rng.choice(others, p=liking / liking.sum()))
        run = self._rng.uniform((1.5, -2.0), (4.0, 2.0))
        goal = np.minimum(np.maximum(self._places[taker] + run, (0.0, NEAR_LINE + 2)), (16.0, FAR_LINE - 2))
        way_m = float(np.hypot(*(goal - self._ball[:2])))
        height_m = 2.2 if way_m > 16 and self._rng.random() < 0.6 else 0.0
        targets = {taker: goal}
        self._fly(
            Deed("pass", self._now(), 0.0, (giver, taker)),
            (*goal, 0.11),
            way_m / _PASS_MPS,
            height_m,
            targets,
        )
        return taker

    def _dribble(self, holder: int) -> None:
        """Let the player with the ball dribble for a moment."""
        for _ in range(int(self._rng.uniform(0.7, 1.5) / STEP_S)):
            goal = self._places[holder] + (1.5, 0.12 * (GOAL_Y - self._places[holder, 1]))
            self._move(self._attack_targets({holder: np.minimum(goal, (16.5, FAR_LINE))}), _RUN_MPS * 0.6)
            feet = self._places[holder] + 0.5 * self._ahead[holder]
            self._ball = self._ball + 0.35 * (np.array([*feet, 0.11]) - self._ball)
            self._write()

    def _shoot(self, shooter: int) -> str:
        """Shoot, with a goal, a save or a miss."""
        kind = ("goal", "goal", "save", "miss")[int(self._rng.integers(4))]
        side = 1.0 if self._rng.random() < 0.5 else -1.0
        if kind == "goal":
            mark = (GOAL_LINE + 0.9, GOAL_Y + side * float(self._rng.uniform(1.2, 2.0)), 0.5)
            keeper = (GOAL_LINE - 0.6, GOAL_Y + side * 0.5)
        elif kind == "save":
            mark = (GOAL_LINE - 0.9, GOAL_Y + side * float(self._rng.uniform(0.3, 1.1)), 0.9)
            keeper = (GOAL_LINE - 0.7, mark[1])
        else:
            mark = (GOAL_LINE + 3.5, GOAL_Y + side * float(self._rng.uniform(3.6, 5.0)), 0.11)
            keeper = (GOAL_LINE - 0.6, GOAL_Y + side * 1.6)
        flight_s = float(np.hypot(mark[0] - self._ball[0], mark[1] - self._ball[1])) / _SHOT_MPS
        start_s = self._now()
        height_m = 0.9 if kind == "miss" else 0.35
        self._fly(
            Deed("shot", start_s, 0.0, (shooter,)), mark, flight_s, height_m, {_KEEPER: np.array(keeper)}
        )
        end_s = self._now()
        self._settle(kind)
        self._deeds.append(Deed(kind, end_s, self._now(), (_KEEPER,) if kind == "save" else ()))
        return kind

    def _settle(self, kind: str) -> None:
        """Stop the ball in the net, in the keeper's hands or at the fence."""
        rest = (
            self._ball + {"goal": (0.35, 0.0, -0.39), "save": (0.0, 0.0, 0.1), "miss": (0.9, 0.2, 0.0)}[kind]
        )
        for _ in range(int(0.8 / STEP_S)):
            self._move(self._places + 0.4 * self._speed, _JOG_MPS)
            self._ball = self._ball + 0.2 * (rest - self._ball)
            self._write()

    def _celebrate(self, scorer: int) -> None:
        """Let the scorer run to the corner with raised arms, and three others join him."""
        corner = np.array([15.0, NEAR_LINE + 4.0 if self._places[scorer, 1] < GOAL_Y else FAR_LINE - 4.0])
        near = sorted(
            _ATTACKERS, key=lambda player: float(np.hypot(*(self._places[player] - self._places[scorer])))
        )
        start_s = self._now()
        for step in range(int(3.6 / STEP_S)):
            targets = self._places.copy()
            for index, player in enumerate(near[:4]):
                late = step * STEP_S > 0.3 * index
                targets[player] = corner - (1.1 * index, 0.5 * (index % 2)) if late else self._places[player]
            wanted = np.isin(np.arange(_CREW), near[:4]) & (step * STEP_S < 3.0)
            self._cheer = self._cheer + 0.16 * (wanted - self._cheer)
            self._move(targets, _RUN_MPS)
            self._write()
        self._deeds.append(Deed("celebration", start_s, self._now(), tuple(near[:4])))

    def _regroup(self) -> None:
        """Let all players walk to their places for the next attack, and bring the ball there."""
        origin, begin_s = self._ball.copy(), self._now()
        roll_s = float(np.hypot(*(self._spot - origin)[:2])) / 7.0
        while self._now() < MAX_SPAN_S - STEP_S:
            share = min(max((self._now() - begin_s - 0.8) / roll_s, 0.0), 1.0)
            self._ball = origin + (self._spot - origin) * (1 - (1 - share) ** 2)
            self._cheer = self._cheer * 0.85
            self._move(self._home, _JOG_MPS)
            self._write()
            if share == 1.0 and float(np.abs(self._places - self._home).max()) < 0.02:
                break
        self._places, self._ball = self._home, self._spot
        self._ahead, self._cheer = facing(self._home, self._spot), np.zeros(_CREW)
        self._write()

    def _fly(
        self, deed: Deed, mark: Sequence[float], flight_s: float, height_m: float, targets: dict[int, Floats]
    ) -> None:
        """Move the ball to `mark` while the players react; the action ends when it is there."""
        origin = self._ball.copy()
        steps = max(2, round(flight_s / STEP_S))
        for step in range(1, steps + 1):
            share = step / steps
            self._move(self._attack_targets(targets), _RUN_MPS)
            self._ball = origin + (np.array(mark) - origin) * share
            self._ball[2] += 4 * height_m * share * (1 - share)
            self._write()
        self._deeds.append(Deed(deed.kind, deed.start_s, self._now(), deed.who))

    def _attack_targets(self, special: dict[int, Floats]) -> Floats:
        """Return the targets: attackers forward, defenders between the ball and the goal."""
        ball, goal = self._ball[:2], np.array([GOAL_LINE, GOAL_Y])
        targets = _BASE.copy()
        targets[:6] += (np.clip(ball[0] * 0.45 + 1.5, 0, 6.0), 0.0)
        cover = ball + 0.35 * (goal - ball)
        targets[list(_DEFENDERS)] = 0.6 * _BASE[list(_DEFENDERS)] + 0.4 * cover
        nearest = min(_DEFENDERS, key=lambda player: float(np.hypot(*(self._places[player] - ball))))
        way = goal - ball
        targets[nearest] = ball + 1.6 * way / np.hypot(*way)
        targets[_KEEPER] = (GOAL_LINE - 1.2, GOAL_Y + 0.12 * (ball[1] - GOAL_Y))
        targets[_REFEREE] = ball + np.array((-5.5, 4.0))
        for player, place in special.items():
            targets[player] = place
        return targets

    def _move(self, targets: Floats, top_mps: float) -> None:
        """Move all players one step towards their targets: by a damped spring, at most at top speed."""
        push = _spread(self._places, 1.0)
        push += 0.6 * push[:, ::-1] * (1.0, -1.0)  # and aside, or two who meet head-on would never pass
        push[np.hypot(*(targets - self._places).T) < 0.6] = 0.0  # those who have arrived are not pushed
        pull = 5.0 * (targets - self._places) - 4.2 * self._speed + 14.0 * push
        pull *= np.minimum(1.0, 7.0 / np.maximum(np.hypot(*pull.T), 1e-9))[
            :, None
        ]  # 7 m/s2 is a sprinter's start
        self._speed = self._speed + pull * STEP_S
        pace = np.hypot(*self._speed.T)
        self._speed *= np.minimum(1.0, top_mps / np.maximum(pace, 1e-9))[:, None]
        self._places = self._places + self._speed * STEP_S
        self._gone = self._gone + np.hypot(*self._speed.T) * STEP_S
        wanted = self._speed + 0.8 * facing(self._places, self._ball)
        turned = self._ahead + 0.25 * (wanted / np.maximum(np.hypot(*wanted.T), 1e-9)[:, None] - self._ahead)
        self._ahead = turned / np.maximum(np.hypot(*turned.T), 1e-9)[:, None]


def _spread(places: Floats, room_m: float) -> Floats:
    """Return a push away from other players, (n, 2): stronger the closer they are, 0 from `room_m` on."""
    offsets = places[:, None] - places[None]
    distance = np.hypot(offsets[..., 0], offsets[..., 1]) + np.eye(len(places)) * 99
    push = offsets / distance[..., None] * np.clip(room_m - distance, 0, None)[..., None]
    return np.asarray(push.sum(axis=1))


def facing(places: Floats, ball: Floats) -> Floats:
    """Return unit vectors from all players to the ball, (n, 2)."""
    way = ball[:2] - places
    return np.asarray(way / np.maximum(np.hypot(*way.T), 1e-9)[:, None])
