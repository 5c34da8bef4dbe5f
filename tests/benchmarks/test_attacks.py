"""Everything that was tried against the service is still refused: the attempts of ``python -m benchmarks.attacks``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.attacks.__main__ import everything, made, table
from benchmarks.attacks.attempts import TAKES
from benchmarks.attacks.place import Place, running
from web.ui.endpoints import OFFERS

FAMILIES = ("access", "links", "names", "containers", "files", "addresses", "origins", "hosts", "bodies")
"""Those that take no waiting; slow lines have tests of their own, with shorter limits."""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with running() as found:
        yield found


def test_calls_of_endpoints_give_all_they_take() -> None:
    offers = {offer.name: offer.names() for offer in OFFERS}
    assert {name: tuple(taken) for name, taken in TAKES.items()} == {name: offers[name] for name in TAKES}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_attempt_is_refused(place: Place, family: str) -> None:
    attempts = [attempt for attempt in everything() if attempt.family == family]
    rows = made(attempts[:: 3 if len(attempts) > 200 else 1], place)  # of the many, each kind
    assert len(rows) >= 20
    assert not [(attempt.name, answer.status, why) for attempt, answer, why in rows if why]
    assert family in table(rows)
