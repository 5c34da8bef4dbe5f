"""Guessing is slowed down, and nobody is locked out by somebody else's guesses."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.fake_service import service
from web.guard.guesses import AT_ONE_ADDRESS, BUCKETS, IN_ALL, REMEMBERED, Guesses

MOST = AT_ONE_ADDRESS.amount


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.mark.parametrize("rate", ["off", "1000/minute"])
def test_requests_without_credentials_lock_nobody_out(tmp_path: Path, rate: str) -> None:
    with service(tmp_path, users=("ana:pw",), rate_limit=rate) as client:
        assert {client.get("/api/tasks").status_code for _ in range(3 * MOST)} == {401}
        assert client.get("/api/tasks", headers=basic("ana", "pw")).status_code == 200


@pytest.mark.parametrize("rate", ["off", "1000/minute"])
def test_guesses_are_slowed_down_whatever_the_rate_limit_is(tmp_path: Path, rate: str) -> None:
    with service(tmp_path, users=("ana:pw", "luis:pw2"), rate_limit=rate) as client:
        answers = [client.get("/api/tasks", headers=basic("ana", str(n))) for n in range(MOST + 5)]
        assert [a.status_code for a in answers] == [401] * MOST + [429] * 5
        assert int(answers[-1].headers["retry-after"]) <= 60
        assert client.get("/api/tasks", headers=basic("ana", "pw")).status_code == 429, (
            "over the limit a guess may be right"
        )
        assert client.get("/api/tasks", headers=basic("luis", "pw2")).status_code == 200, (
            "another account is not touched"
        )


def test_who_was_right_before_passes_while_others_guess(tmp_path: Path) -> None:
    with service(tmp_path, users=("ana:pw",), api_tokens=("t-1",)) as client:
        right = (basic("ana", "pw"), {"Authorization": "Bearer t-1"})
        assert [client.get("/api/tasks", headers=r).status_code for r in right] == [200, 200]
        for n in range(2 * MOST):
            client.get("/api/tasks", headers=basic("ana", str(n)))
            client.get("/api/tasks", headers={"Authorization": f"Bearer {n}"})
        assert [client.get("/api/tasks", headers=r).status_code for r in right] == [200, 200]


def test_many_addresses_share_a_limit_for_one_account() -> None:
    guesses = Guesses()
    for n in range(IN_ALL.amount):
        assert guesses.wait(f"10.0.{n // 250}.{n % 250}", "user ana", "x") == 0
        guesses.wrong(f"10.0.{n // 250}.{n % 250}", "user ana")
    assert guesses.wait("10.9.9.9", "user ana", "x") > 0


def test_memory_does_not_grow_with_made_up_names() -> None:
    guesses = Guesses()
    for n in range(2 * BUCKETS):
        guesses.wrong("10.0.0.1", f"user {n}")
        guesses.right("10.0.0.1", str(n))
    assert len(guesses._right) == REMEMBERED
    assert len(guesses._window.storage.events) <= 2 * BUCKETS  # type: ignore[attr-defined]
