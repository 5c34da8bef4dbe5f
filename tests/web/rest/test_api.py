"""The routes: old names and shapes, states, errors in the reader's language, nothing leaks."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pipeline import errors
from pipeline.compute.device import Device
from pipeline.errors import StudioError
from pipeline.messages import Message, say
from tests.fake_kinds import asked
from tests.fake_service import ended, files_below, parts, service
from web.guard.visitors import COOKIE, visitor_in
from web.jobs import edits, workers
from web.jobs.values import NOBODY, Asker
from web.problems import STATUS, _family, status_of

FILM = b"film" * 500


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    (folder / "talk.mp4").write_bytes(FILM)
    (folder / "dub.mkv").write_bytes(b"dub!" * 300)
    (folder / "text.mp4").write_bytes(b"bad text")
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def client(base: Path, library: Path) -> Iterator[TestClient]:
    with service(base, media_source_enabled=True, media_source_path=library) as made:
        yield made


@pytest.fixture
def fresh(tmp_path: Path, library: Path) -> Iterator[TestClient]:
    with service(tmp_path, media_source_enabled=True, media_source_path=library) as made:
        yield made


def test_initial_clips_have_the_old_shape_and_can_be_downloaded(client: TestClient) -> None:
    answer = client.post("/api/v1/generate-initial-clips", json={"video_url": "talk.mp4"})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["message"]) == ("success", "Generated 2 clips successfully")
    first = body["clips"][0]
    assert {"url", "start", "end", "duration"} <= set(first)
    assert "path" not in first
    assert first["url"].startswith("/clips/raw/clip_1_")
    assert client.get(first["url"]).content == FILM[:1000]


def test_a_video_is_tightened_and_what_went_is_listed(client: TestClient) -> None:
    wanted = {"video_url": "talk.mp4", "longest_pause": 0.5, "struck": [[1.0, 2.5]]}
    body = client.post("/api/v1/tighten", json=wanted).json()
    assert (body["saved"], [r["kind"] for r in body["removed"]]) == (1.5, ["struck"])
    assert client.get(body["output"]).content == FILM[:700]
    assert client.post("/api/v1/tighten", json={**wanted, "struck": [[2.5, 1.0]]}).status_code == 400
    assert client.post("/api/v1/tighten", json={**wanted, "longest_pause": -1}).status_code == 422
    later = client.post("/api/v1/tighten", json=wanted, headers={"Prefer": "respond-async"})
    assert later.status_code == 202


def test_what_is_said_is_found_in_files_and_in_the_library(client: TestClient) -> None:
    body = client.post("/api/v1/find", json={"files": ["talk.mp4"], "query": "risas"}).json()
    assert "hits" in body, body
    assert [(h["source"], h["text"]) for h in body["hits"]] == [("talk.mp4", "risas")]
    assert len(client.post("/api/v1/find", json={"folder": "", "query": "x"}).json()["hits"]) == 2
    assert client.post("/api/v1/find", json={"query": "x"}).status_code == 400
    assert client.post("/api/v1/find", json={"files": ["talk.mp4"], "query": " "}).status_code == 400


def test_chapters_come_with_their_files(client: TestClient) -> None:
    body = client.post("/api/v1/chapters", json={"video_url": "talk.mp4"}).json()
    assert body["chapters"] == [{"start": 0.0, "end": 9.0, "title": "x"}]
    assert client.get(body["files"]["youtube"]).text == "0:00 x"


def test_ranges_of_a_clip(client: TestClient) -> None:
    url = client.post("/api/v1/generate-initial-clips", json={"video_url": "talk.mp4"}).json()["clips"][1]["url"]
    part = client.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, FILM[10:20], "bytes 10-19/2000")
    assert client.get(url, headers={"Range": "bytes=9000-"}).status_code == 416
    assert client.head(url).headers["content-length"] == "2000"


def test_clips_of_ours_and_of_the_library_are_ranked_together(client: TestClient) -> None:
    url = client.post("/api/v1/generate-initial-clips", json={"video_url": "talk.mp4"}).json()["clips"][0]["url"]
    chosen = {"clips": [{"url": url}, {"url": "dub.mkv"}, {"url": f"http://testserver{url}"}]}
    body = client.post("/api/v1/select-viral-clips", json=chosen).json()
    assert body["message"] == "Selected 3 viral clips from 3 input clips"
    clip = body["viral_clips"][0]
    assert {"url", "keywords", "duration", "viral_score", "transcript"} <= set(clip)
    assert clip["url"].endswith("_viral.mp4")
    assert body["viral_clips"][1]["source"] == "dub.mkv"
    assert client.get(clip["url"]).content == FILM[:500]


def test_two_jobs_never_share_a_clip_address(client: TestClient) -> None:
    urls = [
        client.post("/api/v1/generate-initial-clips", json={"video_url": "talk.mp4"}).json()["clips"][0]["url"]
        for _ in range(2)
    ]
    assert urls[0] != urls[1]


@pytest.mark.parametrize(
    "name",
    ["clip_1.mp4", "clip_0_{s}.mp4", "clip_3_{s}.mp4", "clip_1_{s}.mkv", "clip_1_{s}_viral.mp4", "clip_1_000000000000.mp4",
     "..%2f..%2fjobs.sqlite3", "%2e%2e/%2e%2e/jobs.sqlite3", "clip_1_{s}.mp4%00", "clip_01_{s}.mp4"],
)  # fmt: skip
def test_other_clip_names_lead_nowhere(client: TestClient, name: str) -> None:
    url = client.post("/api/v1/generate-initial-clips", json={"video_url": "talk.mp4"}).json()["clips"][0]["url"]
    slug = url.split("_")[2].removesuffix(".mp4")
    for folder in ("raw", "viral"):
        assert client.get(f"/clips/{folder}/" + name.format(s=slug)).status_code == 404
    assert client.get(url).status_code == 200


def test_respond_async_answers_a_task(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/generate-initial-clips", json={"video_url": "talk.mp4"}, headers={"Prefer": "respond-async"}
    )
    assert answer.status_code == 202
    task_id = answer.json()["task_id"]
    assert answer.headers["location"] == f"/api/status/{task_id}"
    ended(client, task_id)
    status = client.get(answer.headers["location"]).json()
    assert (status["status"], status["progress"]) == ("done", 100.0)
    assert status["result"]["clips"][0]["url"].startswith("/clips/raw/")


def test_a_sync_from_the_library(client: TestClient) -> None:
    answer = client.post(
        "/api/upload", json={"original": "talk.mp4", "dubbed": "dub.mkv", "name": "La película: final"}
    )
    assert answer.status_code == 200
    task_id = answer.json()["task_id"]
    ended(client, task_id)
    got = client.get(f"/api/download/{task_id}")
    assert got.content == FILM + b"dub!" * 300
    assert "La%20pel%C3%ADcula_%20final.mkv" in got.headers["content-disposition"]
    assert client.get(f"/api/download/{task_id}", headers={"Range": "bytes=-4"}).content == b"dub!"
    named = client.get(client.get(f"/api/status/{task_id}").json()["result"]["output"])
    assert named.content == got.content


def test_a_film_without_a_name_is_downloaded_under_its_own(client: TestClient) -> None:
    task_id = client.post("/api/upload", json={"original": "talk.mp4", "dubbed": "dub.mkv"}).json()["task_id"]
    ended(client, task_id)
    assert 'filename="talk.mkv"' in client.get(f"/api/download/{task_id}").headers["content-disposition"]


@pytest.mark.parametrize(
    "fields", [("original_path", "dubbed_path"), ("file1", "file2"), ("original_video", "dubbed_video")]
)
def test_older_names_of_the_fields(client: TestClient, fields: tuple[str, str]) -> None:
    answer = client.post("/api/upload", json={fields[0]: "talk.mp4", fields[1]: "dub.mkv"})
    assert ended(client, answer.json()["task_id"]).request.dub.name.endswith("dub.mkv")


def test_clips_as_one_zip_with_plain_names(client: TestClient) -> None:
    body = client.post("/api/v1/generate-initial-clips", json={"video_url": "talk.mp4"}).json()
    got = client.get(f"/api/download/{body['job_id']}")
    names = zipfile.ZipFile(io.BytesIO(got.content)).namelist()
    assert names == [c["url"].rsplit("/", 1)[1] for c in body["clips"]]
    assert not [n for n in names if "/" in n or ".." in n]


def test_the_zip_holds_what_was_cut_by_hand(client: TestClient) -> None:
    jobs = parts(client).jobs
    first = client.post("/api/v1/generate-initial-clips", json={"video_url": "talk.mp4"}).json()["job_id"]
    again = client.post("/api/upload", json={"original": "talk.mp4", "dubbed": "dub.mkv"}).json()["task_id"]
    ended(client, again)

    def second(query: str) -> bytes:
        archive = zipfile.ZipFile(io.BytesIO(client.get(f"/api/download/{first}{query}").content))
        return archive.read(archive.namelist()[1])

    before = second("?edited=true")
    edits.keep_making(jobs.get(first), 2, again, (0.0, 5.0))
    assert second("?edited=true") == client.get(f"/api/download/{again}").content != before
    assert second("") == before
    client.delete(f"/api/tasks/{again}")
    assert second("?edited=true") == before


def test_nothing_of_the_machine_leaks(client: TestClient, base: Path) -> None:
    first = client.post("/api/v1/generate-initial-clips", json={"video_url": "talk.mp4"})
    second = client.post("/api/upload", json={"original": "talk.mp4", "dubbed": "dub.mkv"})
    ended(client, second.json()["task_id"])
    jobs = parts(client).jobs
    broken = jobs.submit(asked("broken", {}), NOBODY)
    jobs.wait(broken, 20)
    shown = [first.text, client.get("/api/tasks").text, client.get(f"/api/status/{broken}").text]
    assert not [text for text in shown if str(base) in text or "secret" in text]


def test_errors_speak_the_readers_language(client: TestClient) -> None:
    jobs = parts(client).jobs
    task_id = jobs.submit(asked("no_audio", {}), NOBODY)
    jobs.wait(task_id, 20)
    spanish = client.get(f"/api/status/{task_id}", headers={"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}).json()
    english = client.get(f"/api/status/{task_id}", headers={"Accept-Language": "fr"}).json()
    assert (spanish["status"], spanish["error"]) == ("failed", "no_audio")
    assert "no tiene pista de audio" in spanish["message"]
    assert "has no audio track" in english["message"]


def test_a_sync_route_answers_with_the_reason_its_job_failed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts(client).jobs, "_run", _raise(errors.NoSpeech(name="talk.mp4")))
    answer = client.post("/api/v1/select-viral-clips", json={"clips": [{"url": "talk.mp4"}]})
    assert (answer.status_code, answer.json()["error"]) == (422, "no_speech")
    assert len(answer.json()["job_id"]) == 32
    monkeypatch.setattr(parts(client).jobs, "_run", _raise(KeyError("x")))
    answer = client.post("/api/v1/select-viral-clips", json={"clips": [{"url": "talk.mp4"}]})
    assert (answer.status_code, answer.json()["error"]) == (500, "internal")


def _raise(error: Exception) -> object:
    def run(*_: object) -> dict[str, object]:
        raise error

    return run


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/v1/generate-initial-clips", {}, 422),
        ("POST", "/api/v1/generate-initial-clips", {"video_url": "nothing.mp4"}, 404),
        ("POST", "/api/v1/generate-initial-clips", {"video_url": "../data/jobs.sqlite3"}, 403),
        ("POST", "/api/v1/generate-initial-clips", {"video_url": "/etc/passwd"}, 403),
        ("POST", "/api/v1/generate-initial-clips", {"video_url": "file:///etc/passwd"}, 400),
        ("POST", "/api/v1/generate-initial-clips", {"video_url": "ftp://example.com/a.mp4"}, 400),
        ("POST", "/api/v1/generate-initial-clips", {"video_url": "talk.mp4", "clips": 0}, 422),
        ("POST", "/api/v1/select-viral-clips", {"clips": []}, 422),
        ("POST", "/api/v1/select-viral-clips", {"clips": [{"url": "/clips/raw/clip_1_000000000000.mp4"}]}, 404),
        ("POST", "/api/upload", {"original": "talk.mp4"}, 422),
        ("POST", "/api/upload", [1, 2], 422),
        ("GET", "/api/status/unknown", None, 404),
        ("GET", "/api/download/unknown", None, 404),
        ("POST", "/api/tasks/unknown/cancel", None, 404),
        ("DELETE", "/api/tasks/unknown", None, 404),
        ("GET", "/api/tasks?limit=0", None, 422),
        ("GET", "/api/tasks?state=nonsense", None, 422),
        ("GET", "/nowhere", None, 404),
        ("DELETE", "/api/health", None, 405),
        ("GET", "/api/media/list?path=..", None, 403),
    ],
)
def test_wrong_requests_have_their_status_and_the_one_shape(
    client: TestClient, method: str, path: str, body: object, status: int
) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == "error"
    assert answer.json()["error"]
    assert answer.json()["message"]


def test_media_that_is_none_is_refused_before_it_is_queued(fresh: TestClient) -> None:
    answer = fresh.post("/api/v1/generate-initial-clips", json={"video_url": "text.mp4"})
    assert (answer.status_code, answer.json()["error"]) == (422, "unreadable_media")
    assert fresh.get("/api/tasks").json()["total"] == 0


def test_a_task_is_stopped_retried_and_deleted(client: TestClient, tmp_path: Path) -> None:
    jobs = parts(client).jobs
    task_id = jobs.submit(asked("patient", {"until": str(tmp_path / "go")}), NOBODY)
    assert client.post(f"/api/tasks/{task_id}/retry").status_code == 409
    assert client.delete(f"/api/tasks/{task_id}").status_code == 409
    assert client.get(f"/api/download/{task_id}").status_code == 404
    assert client.post(f"/api/tasks/{task_id}/cancel").status_code == 200
    assert ended(client, task_id).state == "cancelled"
    (tmp_path / "go").touch()
    assert client.post(f"/api/tasks/{task_id}/retry").status_code == 200
    assert ended(client, task_id).state == "done"
    assert client.delete(f"/api/tasks/{task_id}").status_code == 200
    assert client.get(f"/api/status/{task_id}").status_code == 404
    assert client.post(f"/api/tasks/{task_id}/restore").status_code == 200
    assert client.get(f"/api/status/{task_id}").json()["status"] == "done"
    assert client.post(f"/api/tasks/{task_id}/restore").status_code == 404


def test_a_task_says_that_it_is_stopping_without_a_new_state(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, begun, goes_on = parts(client).jobs, threading.Event(), threading.Event()

    def deaf(request: Any, folder: Path, report: Any) -> dict[str, Any]:
        begun.set()
        goes_on.wait(100)
        report(1.0, None)
        return {}

    monkeypatch.setattr(jobs, "_run", deaf)
    monkeypatch.setattr(workers, "PATIENCE", 100.0)
    task_id = jobs.submit(asked("patient", {}), NOBODY)
    assert begun.wait(100)  # a job is stopped at once as long as its work has not begun
    answer = client.post(f"/api/tasks/{task_id}/cancel", headers={"Accept-Language": "es"}).json()
    shown = client.get(f"/api/status/{task_id}", headers={"Accept-Language": "es"}).json()
    assert (shown["status"], shown["stopping"], shown["message"]) == ("running", True, answer["message"])
    goes_on.set()
    assert ended(client, task_id).state == "cancelled"
    assert client.get(f"/api/status/{task_id}").json()["stopping"] is False


def test_nobody_changes_a_task_of_another_browser(client: TestClient) -> None:
    jobs = parts(client).jobs
    mine, theirs = ({"Cookie": f"{COOKIE}={c * 43}"} for c in "ab")
    task_id = jobs.submit(asked("echo", {}), Asker(visitor_in(mine["Cookie"])))
    ended(client, task_id)
    for other in (theirs, {}):
        assert client.delete(f"/api/tasks/{task_id}", headers=other).status_code == 403
        assert client.post(f"/api/tasks/{task_id}/cancel", headers=other).status_code == 403
        assert client.post(f"/api/tasks/{task_id}/retry", headers=other).status_code == 403
        assert client.get(f"/api/status/{task_id}", headers=other).status_code == 200
        assert task_id in [t["task_id"] for t in client.get("/api/tasks", headers=other).json()["tasks"]]
    assert client.delete(f"/api/tasks/{task_id}", headers=mine).status_code == 200
    assert client.post(f"/api/tasks/{task_id}/restore", headers=theirs).status_code == 403
    assert client.post(f"/api/tasks/{task_id}/restore", headers=mine).status_code == 200


def test_the_list_of_tasks_pages_and_filters(fresh: TestClient) -> None:
    jobs = parts(fresh).jobs
    ids = [jobs.submit(asked("echo", {}), NOBODY) for _ in range(5)]
    for job_id in ids:
        jobs.wait(job_id, 20)
    page = fresh.get("/api/tasks?limit=2&offset=1").json()
    assert ([t["task_id"] for t in page["tasks"]], page["total"]) == ([ids[3], ids[2]], 5)
    assert fresh.get("/api/tasks?state=failed").json()["total"] == 0


def test_a_refused_sync_is_done_and_has_no_file(client: TestClient) -> None:
    jobs = parts(client).jobs
    task_id = jobs.submit(asked("refused", {}), NOBODY)
    jobs.wait(task_id, 20)
    status = client.get(f"/api/status/{task_id}").json()
    assert (status["status"], status["result"]["verdict"], status["download_url"]) == ("done", "refuse", None)
    assert client.get(f"/api/download/{task_id}").status_code == 404


def test_health_and_system_info(client: TestClient) -> None:
    health = client.get("/api/health").json()
    assert health["status"] in {"ready", "degraded"}
    assert isinstance(health["reasons"], list)
    system = client.get("/api/system-info").json()
    assert {"cpu", "memory", "disk", "gpu", "models", "versions"} <= set(system)
    assert system["versions"]["fastapi"]


def test_system_info_says_what_computes_and_why(client: TestClient) -> None:
    monitor = parts(client).monitor
    doubt = Message("device.gpu_failed", {"detail": "wrong spectrum"})
    for device, doubts in (
        (Device("mps", "Apple GPU", "float16", (), 2**33), []),
        (Device("cpu", "CPU", "int8", (doubt,)), [say(doubt, "es")]),
    ):
        monitor._device, monitor.system._value = lambda device=device: device, None
        found = client.get("/api/system-info", headers={"Accept-Language": "es"}).json()["device"]
        assert (found["kind"], found["name"], found["doubts"]) == (device.kind, device.name, doubts)


def test_health_says_why_it_is_degraded(tmp_path: Path) -> None:
    with service(tmp_path, media_source_enabled=True, media_source_path=tmp_path / "unplugged") as client:
        health = client.get("/api/health", headers={"Accept-Language": "es"}).json()
        assert health["status"] == "degraded"
        assert "La biblioteca de medios no responde." in health["reasons"]
        assert client.get("/api/media/status").json()["available"] is False


def test_metrics_count_jobs_stages_and_answers(fresh: TestClient) -> None:
    jobs = parts(fresh).jobs
    jobs.wait(jobs.submit(asked("patient", {"steps": 5}), NOBODY), 20)
    fresh.get("/api/status/unknown")
    text = fresh.get("/metrics").text
    assert 'studio_jobs{state="done"} 1.0' in text
    assert 'studio_stage_seconds_count{stage="stage_one"} 1.0' in text
    assert 'studio_requests_total{method="GET",status="404"} 1.0' in text


def test_every_error_class_has_a_status() -> None:
    kinds = list(_family(StudioError))
    assert len(kinds) > 20
    for kind in kinds:
        client_fault = issubclass(kind, errors.UserError)
        assert (400 <= status_of(kind) < 500) == client_fault or kind is errors.Cancelled, kind
    assert set(STATUS) <= set(kinds)


def test_openapi_names_every_route_of_the_contract(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    wanted = {
        "/api/v1/generate-initial-clips": "post", "/clips/raw/{name}": "get", "/api/v1/select-viral-clips": "post",
        "/clips/viral/{name}": "get", "/api/health": "get", "/api/system-info": "get", "/api/media/status": "get",
        "/api/media/list": "get", "/api/upload": "post", "/api/status/{task_id}": "get", "/api/download/{task_id}": "get",
        "/api/tasks": "get",
    }  # fmt: skip
    assert {p: m for p, m in wanted.items() if m not in paths.get(p, {})} == {}
    ids = [o["operationId"] for p in paths.values() for o in p.values()]
    assert len(ids) == len(set(ids))


def test_only_the_files_of_a_finished_task_are_served(client: TestClient, base: Path) -> None:
    jobs = parts(client).jobs
    task_id = jobs.submit(asked("patient", {"steps": 2}), NOBODY)
    folder = jobs.wait(task_id, 20).folder
    (folder / "x.part").write_bytes(b"1")
    (folder / "link").symlink_to(base / "data" / "jobs.sqlite3")
    assert client.get(f"/api/files/{task_id}/output.bin").status_code == 200
    for path in ("x.part", "link", "../../jobs.sqlite3", "..%2f..%2fjobs.sqlite3", "%2fetc%2fpasswd", "", "."):
        assert client.get(f"/api/files/{task_id}/{path}").status_code == 404, path
    assert "jobs.sqlite3" in files_below(base)


def test_results_are_json_without_surprises(client: TestClient) -> None:
    jobs = parts(client).jobs
    job_id = jobs.submit(asked("echo", {"text": "</script>\u2028ñ\ud800"}), NOBODY)
    jobs.wait(job_id, 20)
    assert json.loads(client.get(f"/api/status/{job_id}").content)["result"]["given"]["text"].startswith("</script>")


def test_an_upload_that_is_no_media_is_called_by_its_owners_name(fresh: TestClient) -> None:
    files = {name: ("ñ text.mp4", b"bad media") for name in ("original", "dubbed")}
    answer = fresh.post("/api/upload", files=files)
    assert (answer.status_code, answer.json()["error"]) == (422, "unreadable_media")
    assert "ñ text.mp4" in answer.json()["message"]
