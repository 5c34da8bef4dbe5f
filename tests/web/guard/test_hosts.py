"""Under which names the service answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from tests.fake_service import service, settings_for
from web.guard.hosts import Hosts, is_local, name_in


async def nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """Is never asked."""


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"), ("LocalHost:7860", "localhost"), ("127.0.0.1:80", "127.0.0.1"), ("[::1]:7860", "::1"), ("a.example.",
        "a.example"),
        ("", ""), (" ", ""), ("a b", ""), ("a@b", ""), ("a/b", ""), ("a:b", ""), ("a:1:2", ""), ("[::1", ""), ("é", ""), ("x" * 300, ""),
        ("-a", ""),
    ],
)  # fmt: skip
def test_the_name_in_a_header(header: str, name: str) -> None:
    assert name_in(header) == name


@pytest.mark.parametrize("name", ["localhost", "app.localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_names_that_always_mean_this_machine(name: str) -> None:
    assert is_local(name)


@pytest.mark.parametrize(
    "name",
    ["evil.example", "localhost.evil.example", "notlocalhost", "10.0.0.1", "0.0.0.0", "::", "127.0.0.1.nip.io", ""],
)
def test_names_that_may_mean_any_machine(name: str) -> None:
    assert not is_local(name)


@pytest.mark.parametrize(
    ("changes", "signed_in", "passes", "fails"),
    [
        ({"allowed_hosts": ()}, False, "localhost:1", "evil.example"),
        ({"allowed_hosts": (), "host": "::1"}, False, "[::1]:1", "evil.example"),
        ({"allowed_hosts": (), "host": "0.0.0.0"}, False, "anything.example", None),
        ({"allowed_hosts": ()}, True, "anything.example", None),
        ({"allowed_hosts": ("films.example",), "host": "0.0.0.0"}, True, "anything.example", None),
        ({"allowed_hosts": ("films.example",), "host": "0.0.0.0"}, False, "films.example:443", "evil.example"),
        (
            {"allowed_hosts": ("films.example",), "host": "0.0.0.0"},
            False,
            "192.168.1.5:7860",
            "192.168.1.5.evil.example",
        ),
        ({"allowed_hosts": ("films.example",)}, False, "films.example", "192.168.1.5"),
        ({"allowed_hosts": ("films.example",)}, False, "localhost", "sub.films.example"),
        ({"allowed_hosts": ("*.films.example",)}, False, "sub.films.example", "films.example.evil.example"),
        ({"allowed_hosts": ("*",)}, False, "anything.example", None),
    ],
)
def test_who_is_checked(
    tmp_path: Path, changes: dict[str, object], signed_in: bool, passes: str, fails: str | None
) -> None:
    hosts = Hosts(nobody, settings_for(tmp_path, **changes), signed_in)
    assert not hosts.checks or hosts.accepts(passes)
    assert (fails is not None) == hosts.checks
    assert fails is None or not hosts.accepts(fails)


def test_the_answer_says_what_to_do(tmp_path: Path) -> None:
    with service(tmp_path, allowed_hosts=()) as client:
        for path in ("/api/health", "/clips/raw/x", "/nowhere"):
            answer = client.get(path, headers={"Host": "films.example", "Accept-Language": "es"})
            assert answer.status_code == 421
            assert answer.json()["error"] == "host"
            assert "films.example" in answer.json()["message"]
            assert "ALLOWED_HOSTS" in answer.json()["message"]
            assert "Este servicio" in answer.json()["message"]
        assert client.get("/api/health", headers={"Host": "localhost:7860"}).status_code == 200
