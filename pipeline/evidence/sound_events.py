"""The sounds that are told from each other: one entry says everything anybody wants to know of one.

The detector, the moments, the score, the lanes of the page and the benchmarks read this table; the words people see are
``event.<label>`` and ``reason.<label>`` in the locales. Adding a sound is one entry here and these words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """AudioSet classes that mean the same. ``floor``: the mean logit that speech without any such sound practically never
    reaches (measured on 80 minutes of read speech in six languages)."""

    classes: tuple[str, ...]
    floor: float


@dataclass(frozen=True, slots=True)
class SoundEvent:
    """One kind of sound. ``setup``: seconds before it that are needed to understand it (a joke precedes its laughter).
    ``trust`` in (0, 1]: how far the label is to be believed as a moment. ``worth`` in [0, 1]: what one burst adds to the
    reactions of a score, 0 where it says nothing. ``vague`` ones give way to any exact one heard at the same time."""

    label: str
    families: tuple[Family, ...]
    setup: float
    trust: float = 1.0
    worth: float = 0.0
    vague: bool = False

    @property
    def name(self) -> str:
        """The message that names it, on the lanes of the page."""
        return f"event.{self.label}"

    @property
    def reason(self) -> str:
        """The message that gives it as the reason of a clip, with the time ``at``."""
        return f"reason.{self.label}"


LAUGHTER = SoundEvent(
    "laughter",
    (Family(("Laughter", "Baby laughter", "Giggle", "Snicker", "Belly laugh", "Chuckle, chortle"), -6.5),),
    setup=10.0,
    worth=1.0,
)
APPLAUSE = SoundEvent("applause", (Family(("Clapping", "Applause"), -9.5),), setup=10.0, worth=0.8)
CHEERING = SoundEvent(
    "cheering",
    (Family(("Cheering", "Whoop"), -8.0), Family(("Shout", "Yell", "Children shouting"), -7.5)),
    setup=8.0,
    trust=0.9,
    worth=1.0,
)
CROWD = SoundEvent(
    "crowd",
    (Family(("Crowd", "Chatter", "Hubbub, speech noise, speech babble"), -7.5),),
    setup=6.0,
    trust=0.7,
    vague=True,
)
SCREAM = SoundEvent("scream", (Family(("Screaming",), -8.5),), setup=6.0, trust=0.6, worth=0.6)
"""Birds, brakes and sirens also scream, hence the little trust."""

EVENTS = (LAUGHTER, APPLAUSE, CHEERING, CROWD, SCREAM)
"""In the order of the page's lanes."""
BY_LABEL: Mapping[str, SoundEvent] = {event.label: event for event in EVENTS}
