"""A season over REST: paired, changed by hand, made by children, reported; nothing but what the gate lets in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from pipeline.errors import BadGateway
from pipeline.media.values import AudioStream, MediaInfo
from pipeline.messages import message, say
from syncdub.requests import BatchRequest, SyncRequest
from tests import fake_service
from tests.fake_kinds import FAKES, sync
from tests.fake_service import ended, parts, service, settings_for
from web.jobs import seasons
from web.jobs.kinds import Kind, by_name
from web.jobs.values import Job
from web.watch.notices import SIGNATURE, Notices

REFUSED = b"refuse"


def synced(engine: Any, request: Any, folder: Path, report: Any) -> dict[str, Any]:
    """Refuses what begins so."""
    if request.dub.read_bytes().startswith(REFUSED):
        return {"verdict": "refuse", "doubts": [], "output": None}
    return {**sync(engine, request, folder, report), "figures": {"bar_ms": 3.0}, "places": []}


KINDS = {
    **FAKES,
    **by_name(Kind(SyncRequest, synced), Kind(BatchRequest, seasons.pair, then=seasons.started_alone)),
}


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    for n in (1, 2, 3):
        for folder, name in (
            ("library/show/original", f"Show S01E0{n}.mkv"),
            ("library/show/dub", f"Serie 1x0{n}.mka"),
        ):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_bytes(REFUSED if (n, name[-1]) == (2, "a") else name.encode())
    monkeypatch.setattr(fake_service, "FAKES", KINDS)
    with service(tmp_path, media_source_enabled=True, media_source_path=tmp_path / "library") as made:
        yield made


OUT = {"es": "Fuera del plan", "en": "Taken out of the plan", "pt": "Fora do plano"}
ASKED = {"originals": "show/original", "dubs": "show/dub", "by": "names"}


def settled(client: TestClient, task: str, n: int) -> dict[str, Any]:
    """The season once ``n`` of its films have ended."""
    for _ in range(200):
        body: dict[str, Any] = client.get(f"/api/season/{task}").json()
        if body["counts"]["waiting"] == 0 and sum(e["task_id"] is not None for e in body["episodes"]) == n:
            return body
        time.sleep(0.05)
    raise AssertionError(body)


def test_every_pair_becomes_a_task_and_a_refused_one_stops_none(client: TestClient) -> None:
    task = client.post("/api/season", json={**ASKED, "naming": "{title} {season}x{episode:02}"}).json()["task_id"]
    body = settled(client, task, 3)
    assert [(e["original"], e["dubs"][0]["dub"], e["state"]) for e in body["episodes"]] == [
        ("show/original/Show S01E01.mkv", "show/dub/Serie 1x01.mka", "done"),
        ("show/original/Show S01E02.mkv", "show/dub/Serie 1x02.mka", "refused"),
        ("show/original/Show S01E03.mkv", "show/dub/Serie 1x03.mka", "done"),
    ]
    assert body["counts"] == {"done": 2, "refused": 1, "failed": 0, "waiting": 0, "left_out": 0}
    film = client.get(body["episodes"][0]["download_url"])
    assert "Show%201x01.mkv" in film.headers["content-disposition"]
    assert client.get(f"/api/season/{task}?form=csv").text.count("\n") == 4
    assert "Serie 1x03.mka" in client.get(f"/api/season/{task}?form=html").text


def uploaded(client: TestClient, names: list[str]) -> list[str]:
    """The addresses of uploads that are called so."""
    urls = []
    for name in names:
        url = client.post("/api/upload/resumable", json={"name": name, "size": 4}).json()["url"]
        assert client.patch(url, content=b"film", headers={"Upload-Offset": "0"}).status_code == 200
        urls.append(url)
    return urls


def test_uploads_are_paired_by_the_names_of_their_owner_and_the_season_ends(client: TestClient) -> None:
    films = uploaded(client, [f"Show S01E0{n}.mkv" for n in (1, 2, 3)])
    dubs = uploaded(client, ["Serie 1x03.mka", "Serie 1x01.mka", "other.mka"])
    task = client.post("/api/season", json={"originals": films, "dubs": dubs, "by": "names"}).json()["task_id"]
    body = settled(client, task, 2)
    assert [(e["original"], [d["dub"] for d in e["dubs"]], e["state"]) for e in body["episodes"]] == [
        ("Show S01E01.mkv", ["Serie 1x01.mka"], "done"),
        ("Show S01E02.mkv", [], "failed"),
        ("Show S01E03.mkv", ["Serie 1x03.mka"], "done"),
    ]
    assert body["left"] == ["other.mka"]
    assert body["counts"] == {"done": 2, "refused": 0, "failed": 1, "waiting": 0, "left_out": 0}


def test_of_two_uploads_of_one_name_none_is_guessed(client: TestClient) -> None:
    films, dubs = uploaded(client, ["a.mkv", "c.mkv"]), uploaded(client, ["b.mka", "b.mka"])
    asked = {"originals": films, "dubs": dubs, "by": "names", "dry_run": True}
    task = client.post("/api/season", json=asked).json()["task_id"]
    ended(client, task)
    pairs = {"pairs": [{"original": "a.mkv", "dubs": [["b.mka"]]}]}
    answer = client.post(f"/api/season/{task}/start", json=pairs)
    assert answer.status_code == 400
    assert "b.mka" in answer.text


def test_a_season_whose_films_were_not_asked_for_yet_goes_on_after_a_start(
    tmp_path: Path, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = parts(client).jobs
    with monkeypatch.context() as broken:  # the process ends before what follows
        broken.setattr(jobs, "_follow", lambda job: None)
        task = client.post("/api/season", json=ASKED).json()["task_id"]
        ended(client, task)
    assert jobs.children(task) == []
    client.__exit__(None, None, None)
    with service(tmp_path, media_source_enabled=True, media_source_path=tmp_path / "library") as again:
        settled(again, task, 3)
        gone = parts(again).jobs.children(task)[0]
        parts(again).jobs.delete(gone.id)
    with service(tmp_path, media_source_enabled=True, media_source_path=tmp_path / "library") as third:
        later = third.post("/api/season", json={**ASKED, "dry_run": True}).json()["task_id"]
        ended(third, later)
        assert len(parts(third).jobs.children(task)) == 2  # what somebody deleted stays so


def test_names_say_the_languages_of_film_and_dub(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def probe(self: Any, path: Path) -> MediaInfo:
        spoken = "eng" if path.suffix == ".mkv" else "und"
        return MediaInfo(str(path), "matroska", 60.0, 1, audio=(AudioStream(0, "aac", 48000, 2, language=spoken),))

    monkeypatch.setattr(fake_service.FakeEngine, "probe", probe)
    asked = {**ASKED, "naming": "{title} - S{season:02}E{episode:02} [{languages}]"}
    for options, name in (({"language": "es"}, "[en+es]"), ({}, "[en]")):
        task = client.post("/api/season", json={**asked, "options": options}).json()["task_id"]
        film = client.get(settled(client, task, 3)["episodes"][0]["download_url"])
        assert quote(f"Show - S01E01 {name}.mkv") in film.headers["content-disposition"]


def test_a_dry_run_is_changed_by_hand_and_then_made_once(client: TestClient) -> None:
    task = client.post("/api/season", json={**ASKED, "dry_run": True}).json()["task_id"]
    ended(client, task)
    assert [e["task_id"] for e in client.get(f"/api/season/{task}").json()["episodes"]] == [None] * 3
    pairs = [{"original": "show/original/Show S01E01.mkv", "dubs": [["show/dub/Serie 1x03.mka"]]}]
    begun = client.post(f"/api/season/{task}/start", json={"pairs": pairs}).json()
    assert len(begun["started"]) == 1
    ended(client, begun["started"][0])
    assert client.post(f"/api/season/{task}/start", json={"pairs": pairs}).json()["started"] == []
    body = client.get(f"/api/season/{task}").json()
    assert body["episodes"][0]["dubs"][0]["dub"] == "show/dub/Serie 1x03.mka"
    assert [e["state"] for e in body["episodes"][1:]] == ["left_out", "left_out"]
    assert (body["counts"]["waiting"], body["counts"]["left_out"]) == (0, 2)
    for tag, words in OUT.items():
        page = client.get(f"/api/season/{task}?form=html", headers={"accept-language": tag}).text
        assert page.count(f'<td class="left_out">{words}</td>') == 2
        assert say(message("batch.state.waiting"), tag) not in page
    assert client.get(f"/api/season/{task}?form=csv").text.count(",left_out,") == 2
    assert len(client.post(f"/api/season/{task}/start", json={}).json()["started"]) == 3


def test_wrong_asks_are_refused_before_anything_is_queued(client: TestClient) -> None:
    wrong = [
        ({**ASKED, "originals": "../"}, 403), ({**ASKED, "originals": "none"}, 404), ({**ASKED, "options": {"output": "x"}}, 400),
        ({**ASKED, "options": {"codec": "mp3"}}, 400), ({**ASKED, "notify": "ftp://x"}, 422), ({"originals": "show/original"}, 422),
        ({**ASKED, "originals": ["/etc/passwd"]}, 403), ({**ASKED, "naming": "{nothing}"}, 400),
    ]  # fmt: skip
    before = client.get("/api/tasks").json()["total"]
    for body, status in wrong:
        assert client.post("/api/season", json=body).status_code == status, body
    assert client.get("/api/tasks").json()["total"] == before
    task = client.post("/api/season", json={**ASKED, "dry_run": True}).json()["task_id"]
    ended(client, task)
    foreign = {"pairs": [{"original": "/etc/passwd", "dubs": [["show/dub/Serie 1x03.mka"]]}]}
    assert client.post(f"/api/season/{task}/start", json=foreign).status_code == 404


def test_who_asked_to_be_told_is_told_once_it_arrives(tmp_path: Path) -> None:
    told: list[tuple[str, dict[str, Any], dict[str, str]]] = []
    failing = [True]

    def send(url: str, body: Any, settings: Any, headers: Any) -> None:
        if failing.pop() if failing else False:
            raise BadGateway(name=url)
        told.append((url, dict(body), dict(headers)))

    notices = Notices(settings_for(tmp_path, secret_key="k" * 32), send, (0.0, 0.0))
    request = SyncRequest(original=Path("a"), dub=Path("b"), notify="https://example.com/done")
    notices.ended(Job("a" * 32, "sync", request, tmp_path, title="A + B", state="done"))
    notices.ended(Job("b" * 32, "sync", SyncRequest(original=Path("a"), dub=Path("b")), tmp_path, state="done"))
    for _ in range(100):
        if told:
            break
        time.sleep(0.02)
    notices.close()
    (url, body, headers) = told[0]
    assert (url, body["status"], body["task_id"]) == ("https://example.com/done", "done", "a" * 32)
    assert headers[SIGNATURE].startswith("sha256=")
    assert len(told) == 1


def test_a_season_of_this_service_is_nobodys_file(client: TestClient) -> None:
    assert client.get("/api/season/" + "0" * 32).status_code == 404
    assert parts(client).jobs.children("0" * 32) == []
