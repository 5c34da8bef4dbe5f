"""What an owner may still send is decided before it is written, whichever way it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from pipeline.errors import TooLarge
from tests.fake_kinds import FAKES
from tests.fake_service import parts, service, settings_for
from web.guard.visitors import COOKIE
from web.intake import allowance as module
from web.intake.allowance import Allowance, Coming
from web.rest import page_uploads
from web.runner import queue_of

QUOTA = 200_000
ANA, LUIS = ({"Cookie": f"{COOKIE}={letter * 43}"} for letter in "AL")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with service(tmp_path, keep_bytes_each=QUOTA) as made:
        assert isinstance(made.app, FastAPI)
        page_uploads.install(made.app)
        yield made


def sent(client: TestClient, size: int, headers: dict[str, str]) -> Any:
    files = {"original": ("a.mkv", b"1" * (size // 2)), "dubbed": ("b.mkv", b"1" * (size // 2))}
    return client.post("/api/upload", files=files, headers=headers)


def kept(client: TestClient) -> list[str]:
    settings = parts(client).settings
    return [p.name for top in (settings.uploads, settings.page_files) for p in top.rglob("*") if p.is_file()]


def test_a_form_over_the_quota_is_refused_before_it_is_written(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("something was written")

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.files.received.Sink.write", never)
        answer = sent(client, QUOTA + 2, ANA)
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
        page = client.post("/gradio_api/upload", files={"files": ("a.mp4", b"1" * QUOTA)}, headers=ANA)
        assert page.status_code == 413
    assert kept(client) == []
    assert sent(client, QUOTA // 2, ANA).status_code == 200


def test_a_form_of_unknown_length_ends_at_the_quota(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 10_000)
    mark = b'--x\r\nContent-Disposition: form-data; name="original"; filename="a.mkv"\r\n\r\n'

    def endless() -> Iterator[bytes]:
        yield mark
        for _ in range(100):
            yield b"1" * 10_000

    kind = {"Content-Type": "multipart/form-data; boundary=x", **ANA}
    answer = client.post("/api/upload", content=endless(), headers=kind)
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    assert kept(client) == []


def test_what_is_on_the_page_counts_against_its_owner_alone(client: TestClient) -> None:
    film = {"files": ("a.mp4", b"1" * (QUOTA // 2))}
    assert client.post("/gradio_api/upload", files=film, headers=ANA).status_code == 200
    assert client.post("/gradio_api/upload", files=film, headers=ANA).status_code == 413
    assert client.post("/gradio_api/upload", files=film, headers=LUIS).status_code == 200


def test_each_browser_has_its_own_pieces_and_programs_theirs_by_their_names(client: TestClient) -> None:
    plan = {"name": "a.mkv", "size": 3}
    hers = client.post("/api/upload/resumable", json=plan, headers=ANA).json()["url"]
    a_programs = client.post("/api/upload/resumable", json=plan).json()["url"]
    for url, may in ((hers, [200, 404, 404]), (a_programs, [200, 200, 200])):
        assert [client.head(url, headers=who).status_code for who in (ANA, LUIS, {})] == may
    assert client.patch(hers, content=b"123", headers={"Upload-Offset": "0", **LUIS}).status_code == 404
    assert client.delete(hers, headers=LUIS).status_code == 404
    client.patch(hers, content=b"123", headers={"Upload-Offset": "0", **ANA})
    named = {"original": hers, "dubbed": hers}
    assert client.post("/api/upload", json=named, headers=LUIS).status_code == 404
    assert client.post("/api/upload", json=named, headers=ANA).status_code == 200


def test_pieces_that_were_all_announced_in_time_do_not_take_more_together(client: TestClient) -> None:
    size = QUOTA * 3 // 4
    urls = [
        client.post("/api/upload/resumable", json={"name": "a.mkv", "size": size}, headers=ANA).json()["url"]
        for _ in range(2)
    ]
    answers = [client.patch(u, content=b"1" * size, headers={"Upload-Offset": "0", **ANA}).status_code for u in urls]
    assert answers == [200, 413]


def test_two_at_once_share_what_is_left(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, keep_bytes_each=100)
    allowance = Allowance(settings, queue_of(settings, kinds=FAKES))
    one, other = Coming(allowance, "ana"), Coming(allowance, "ana")
    one.announce(60)
    with pytest.raises(TooLarge):
        other.announce(60)
    Coming(allowance, "luis").announce(60)
    one.end()
    other.announce(60)
    other.arrived(60)
    with pytest.raises(TooLarge):
        one.announce(60)

    async def broken() -> None:
        async def stream() -> AsyncIterator[bytes]:
            yield b"1" * 10
            raise OSError

        with pytest.raises(OSError):
            async for _ in allowance.metered("eva", 100, stream()):
                pass

    asyncio.run(broken())
    allowance.check("eva", 90)
