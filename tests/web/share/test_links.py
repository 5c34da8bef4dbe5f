"""Links to a result: off by default, for one file, for a time, and nothing of them can be changed."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from reelify.requests import HighlightsRequest
from tests import fake_service
from tests.fake_kinds import FAKES
from tests.fake_service import ended, parts, service, settings_for
from web.jobs.clips import clip_name
from web.jobs.kinds import Kind, by_name
from web.jobs.values import NOBODY, Asker
from web.share import links

FILM = b"the whole clip " * 100
TITLE = "<b>Hola</b>"


def found(engine: Any, request: Any, folder: Path, report: Any) -> dict[str, Any]:
    (folder / "clip_1.mp4").write_bytes(FILM)
    (folder / "clip_1.jpg").write_bytes(b"picture")
    (folder / "said.json").write_text("{}")
    clip = {"path": str(folder / "clip_1.mp4"), "title": TITLE, "description": "Un secreto", "tags": ["uno"]}
    return {"clips": [clip]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fake_service, "FAKES", {**FAKES, **by_name(Kind(HighlightsRequest, found, "raw_clips"))})
        with service(tmp_path_factory.mktemp("share"), share_days=2.0) as client:
            yield client


def made(client: TestClient, asker: Asker = NOBODY) -> Any:
    jobs = parts(client).jobs
    job = jobs.submit(HighlightsRequest(Path("film.mp4")), asker)
    ended(client, job)
    return jobs.get(job)


def address(job: Any) -> str:
    return "/clips/raw/" + clip_name(job, 1, "clip_1.mp4")


def shared(client: TestClient, job: Any) -> str:
    answer = client.post("/page/share", json={"address": address(job)})
    assert answer.status_code == 200, answer.text
    assert answer.json()["until"] == pytest.approx(time.time() + 2 * links.DAY, abs=60)
    return str(answer.json()["url"])


def test_whoever_has_the_link_sees_that_file_and_its_words(place: TestClient) -> None:
    url = shared(place, made(place))
    page = place.get(url)
    assert "&lt;b&gt;Hola" in page.text
    assert TITLE not in page.text
    assert "Un secreto" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "script-src" not in page.headers["content-security-policy"]
    assert place.get(f"{url}/file").content == FILM
    assert place.get(f"{url}/file", headers={"range": "bytes=0-7"}).content == FILM[:8]
    assert place.get(f"{url}/poster").content == b"picture"


def test_a_file_of_a_job_can_be_shared_by_its_other_address_but_only_what_is_watched(place: TestClient) -> None:
    job = made(place)
    assert place.post("/page/share", json={"address": f"/api/files/{job.id}/clip_1.mp4"}).status_code == 200
    for other in ("said.json", "clip_1.jpg", "../x.mp4", "%2e%2e/%2e%2e/secret.key", "none.mp4"):
        assert place.post("/page/share", json={"address": f"/api/files/{job.id}/{other}"}).status_code == 404, other
    for other in (
        "/etc/passwd",
        "/clips/raw/x.mp4",
        "/clips/viral/" + clip_name(job, 1, "a.mp4"),
        "http://a.example/b.mp4",
    ):
        assert place.post("/page/share", json={"address": other}).status_code == 404, other


def test_nothing_of_a_link_can_be_changed(place: TestClient) -> None:
    one, two = made(place), made(place)
    name = shared(place, one).removeprefix("/shared/")
    job, until, path, mark = name.split(".")
    other = base64.urlsafe_b64encode(b"said.json").rstrip(b"=").decode()
    wrong = {
        "another job": ".".join((two.id, until, path, mark)),
        "later": ".".join((job, f"{int(until, 16) + 1:x}", path, mark)),
        "another file": ".".join((job, until, other, mark)),
        "another mark": ".".join((job, until, path, mark[:-1] + ("A" if mark[-1] != "A" else "B"))),
        "no mark": ".".join((job, until, path, "")),
        "half": name[: len(name) // 2],
        "more": name + "A",
        "long": "0" * 5000,
    }
    for what, changed in wrong.items():
        for end in ("", "/file", "/poster"):
            answer = place.get(f"/shared/{changed}{end}")
            assert (answer.status_code, FILM in answer.content) == (404, False), what


def test_a_link_ends_with_its_time_its_job_its_key_and_the_setting(
    place: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = made(place)
    url, name = (u := shared(place, job)), u.removeprefix("/shared/")
    now = time.time()
    with monkeypatch.context() as later:
        later.setattr("web.share.links.time.time", lambda: now + 2 * links.DAY + 5)
        over = place.get(f"{url}/file")
    assert (over.status_code, over.json()["error"]) == (404, "link_over")
    settings = parts(place).settings
    assert links.opened(settings, name).path == "clip_1.mp4"
    for other in (settings_for(tmp_path, share_days=2.0), settings_for(tmp_path, share_days=0.0)):
        with pytest.raises(links.NoLink):
            links.opened(other, name)
    parts(place).jobs.delete(job.id)
    assert place.get(f"{url}/file").status_code == 404


def test_only_whoever_it_belongs_to_makes_a_link_and_nobody_where_it_is_off(place: TestClient, tmp_path: Path) -> None:
    job = made(place, Asker("browser:" + "0" * 32, "es"))
    assert place.post("/page/share", json={"address": address(job)}).status_code == 403
    with service(tmp_path) as off:
        assert off.post("/page/share", json={"address": "/clips/raw/clip_1_0123456789ab.mp4"}).status_code == 403
        assert off.get("/shared/" + "a" * 90).status_code == 404


def test_a_link_needs_no_name_where_people_sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_service, "FAKES", {**FAKES, **by_name(Kind(HighlightsRequest, found, "raw_clips"))})
    with service(tmp_path, share_days=1.0, api_tokens=("robot:t-0123456789",)) as client:
        token = {"Authorization": "Bearer t-0123456789"}
        job = made(client, Asker("robot", "en"))
        assert client.post("/page/share", json={"address": address(job)}).status_code == 401
        answer = client.post("/page/share", json={"address": address(job)}, headers=token)
        assert client.get(answer.json()["url"] + "/file").content == FILM
        assert client.get("/shared/../api/tasks").status_code in {401, 404}
