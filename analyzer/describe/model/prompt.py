"""The prompt: a profile, the camera's own instructions, and the window's times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.describe.model.answer import MAX_TAGS, answer_schema, rule_name
from analyzer.describe.model.profiles import PROFILES
from analyzer.describe.model.spoken import with_times
from analyzer.describe.model.text_model import Schema
from analyzer.describe.moment import MAX_TITLE_CHARS
from analyzer.signal.window import Window

# Approximate costs in tokens of Qwen2-VL, for budgets only: a picture of 640x360 within a video, and the
# question with its profile.
PICTURE_TOKENS = 150
QUESTION_TOKENS = 500

_TASK = """\
You keep the log of a camera. You are shown pictures of a few seconds, in the order of time, each from a \
moment of much movement, and told when each was taken. Compare every picture with the one before: what \
appears, moves (from where to where), is done, leaves? Write down what happened.
- Say only what can be seen. When unsure, use a general word: somebody, a vehicle, an animal.
- Describe people by clothes, things and actions. Never guess a name or who somebody is.
- What stays the same is background: use it only to say where something happens.
- Write of the scene, not of pictures, frames, cameras or seconds.
- Plain sentences in the present tense. No lists, no markup.
"""

_FORM = f"""\

Answer with one JSON object with these keys:
text: one to three sentences, in the order of events; how many, what they look like, from where to where.
title: at most 8 words and {MAX_TITLE_CHARS} characters, what sets this apart: "Courier leaves a parcel at \
the door", not "Person walking".
importance: a whole number from 0 to 10 on the scale above; be sparing, most windows are 1 to 4.
tags: one to {MAX_TAGS} lower-case words for what is seen and done, such as "person", "dog", "delivery"."""


@dataclass(frozen=True, slots=True)
class CameraBrief:
    """How the windows of one camera are described.

    Attributes:
        profile: one of PROFILES, or of the configuration.
        normal: what is usual and unimportant, in a few words; may be empty.
        tell_me_when: rules, each a few words such as "the gate stands open"; those that hold in a window
            are its moment's alerts.
        language: the language of title and text, by its English name.
    """

    profile: str = "surveillance"
    normal: str = ""
    tell_me_when: tuple[str, ...] = ()
    language: str = "English"


@dataclass(frozen=True, slots=True)
class Question:
    """The question about one window.

    Attributes:
        system: the same for all windows of a camera, and its start for all cameras of a profile, so that
            the server computes it once.
        user: the text after the pictures.
        schema: the schema of the answer.
        rules: the camera's rules, in the order of the schema's.
    """

    system: str
    user: str
    schema: Schema
    rules: tuple[str, ...]


class Prompts:
    """Makes the questions for all cameras."""

    def __init__(
        self,
        cameras: Mapping[str, CameraBrief] | None = None,
        default: CameraBrief | None = None,
        profiles: Mapping[str, str] | None = None,
    ) -> None:
        """Set the briefs by camera, one for all others, and additional profiles (name: text).

        An additional profile may replace a built-in one; its text says what to look for and what importance
        means. Raises ValueError for a brief with an unknown profile.
        """
        self._default = default or CameraBrief()
        self._briefs = dict(cameras or {})
        known = PROFILES | dict(profiles or {})
        for brief in (self._default, *self._briefs.values()):
            if brief.profile not in known:
                raise ValueError(f"no profile {brief.profile!r}: there are {', '.join(sorted(known))}")
        self._systems = {name: _system(known[brief.profile], brief) for name, brief in self._briefs.items()}
        self._system = _system(known[self._default.profile], self._default)

    def question(self, window: Window) -> Question:
        """Return the question about a window."""
        brief = self._briefs.get(window.camera, self._default)
        return Question(
            system=self._systems.get(window.camera, self._system),
            user=f"{_times(window)} {with_times(window)}What happens?",
            schema=answer_schema(brief.tell_me_when),
            rules=brief.tell_me_when,
        )


def _system(profile: str, brief: CameraBrief) -> str:
    """Return the system prompt: parts that are common to all cameras come first, for the prefix cache."""
    parts = [_TASK, profile.strip(), _FORM]
    if brief.tell_me_when:
        rules = (f"{rule_name(n)}: {_line(rule)}" for n, rule in enumerate(brief.tell_me_when, 1))
        listed = "\n".join(rules)
        parts.append(
            f"\nalerts: for each rule true if it is clearly seen to hold at any time, else false:\n{listed}"
        )
    if brief.normal:
        parts.append(f"\nNormal here, and by itself of importance 2 at most: {_line(brief.normal)}")
    if brief.language.lower() != "english":
        parts.append(f"\nWrite text and title in {_line(brief.language)}; keys and tags stay English.")
    return "\n".join(parts)


def _times(window: Window) -> str:
    """Return the times of the pictures as a sentence, in seconds from the start of the window."""
    times = [f"{keyframe.pts_s - window.start_s:.1f}" for keyframe in window.keyframes]
    span = f"{window.end_s - window.start_s:.0f} seconds"
    if len(times) == 1:
        return f"The picture was taken {times[0]} s into these {span}."
    return (
        f"The {len(times)} pictures were taken {', '.join(times[:-1])} and {times[-1]} s into these {span}."
    )


def _line(text: str) -> str:
    return " ".join(text.split())
