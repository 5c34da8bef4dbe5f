"""Who may ask for what: users, tokens, foreign pages, limits, headers, secrets, the log."""

from __future__ import annotations

import base64
import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pipeline.settings import SettingsError
from tests.fake_service import ended, parts, service, settings_for
from web.guard import bodies, limits
from web.guard.limits import rate
from web.guard.security import HEADERS, Accounts, secret_key
from web.jobs.values import current_job
from web.watch import logs


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("security")
    (folder / "library").mkdir()
    (folder / "library" / "a.mp4").write_bytes(b"film" * 1000)
    with service(
        folder, users=("ana:contraseña:1", "luis:pw"), api_tokens=("robot:t-123", "t-456"),
        media_source_enabled=True, media_source_path=folder / "library",
    ) as made:  # fmt: skip
        yield made


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401), (basic("ana", "contraseña:1"), 200), (basic("ana", "pw"), 401), (basic("luis", "pw"), 200),
        (basic("nobody", ""), 401), (basic("", ""), 401), (bearer("t-123"), 200), (bearer("t-456"), 200), (bearer("t-12"), 401),
        (bearer(""), 401), ({"Authorization": "Basic ???"}, 401), ({"Authorization": "Basic /w=="}, 401), ({"Authorization": "x"}, 401),
    ],
)  # fmt: skip
def test_who_may_enter(client: TestClient, headers: dict[str, str], status: int) -> None:
    parts(client)  # every failed try counts against the address: forget it between cases
    _forget_failures(client)
    answer = client.get("/api/tasks", headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Basic")
        assert answer.json()["error"] == "unauthorised"


def _forget_failures(client: TestClient) -> None:
    layer = client.app.middleware_stack  # type: ignore[attr-defined]
    while layer is not None and not isinstance(layer, limits.RateLimit):
        layer = getattr(layer, "app", None)
    if layer is not None:
        layer._window.storage.reset()


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/openapi.json", "/api/system-info", "/api/media/list", "/gradio_api/info", "/nowhere"]
)
def test_everything_else_needs_a_name(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.get("/api/health").status_code == 200


def test_one_users_work_is_not_readable_by_another(client: TestClient) -> None:
    ana, luis = basic("ana", "contraseña:1"), basic("luis", "pw")
    made = client.post("/api/upload", json={"original": "a.mp4", "dubbed": "a.mp4"}, headers=ana).json()
    job = ended(client, made["task_id"])
    assert (job.owner, job.state) == ("ana", "done")
    routes = ("/api/status/{}", "/api/download/{}", "/api/files/{}/result.mkv")
    assert [client.get(r.format(job.id), headers=luis).status_code for r in routes] == [404, 404, 404]
    assert [client.get(r.format(job.id), headers=ana).status_code for r in routes] == [200, 200, 200]
    assert client.post(f"/api/tasks/{job.id}/cancel", headers=luis).status_code == 404
    assert client.delete(f"/api/tasks/{job.id}", headers=luis).status_code == 404
    assert client.get("/api/tasks", headers=luis).json()["total"] == 0
    assert client.get("/api/tasks", headers=ana).json()["total"] == 1
    url = client.post("/api/upload/resumable", json={"name": "a.mp4", "size": 5}, headers=ana).json()["url"]
    assert client.head(url, headers=luis).status_code == 404
    assert client.head(url, headers=ana).status_code == 200


def test_clip_addresses_are_public(client: TestClient) -> None:
    made = client.post("/api/v1/generate-initial-clips", json={"video_url": "a.mp4"}, headers=bearer("t-123")).json()
    assert client.get(made["clips"][0]["url"]).status_code == 200
    assert client.get("/api/files/x/../../clips/raw/").status_code == 401


def test_tries_to_guess_a_password_are_slowed_down(tmp_path: Path) -> None:
    with service(tmp_path, users=("ana:pw",), rate_limit="1000/minute") as client:
        answers = [client.get("/api/tasks", headers=basic("ana", str(n))).status_code for n in range(25)]
        assert answers[:20] == [401] * 20
        assert set(answers[20:]) == {429}
        assert client.get("/api/tasks", headers=basic("ana", "pw")).status_code == 429


def test_changes_are_limited_and_say_when_to_come_back(tmp_path: Path) -> None:
    with service(tmp_path, rate_limit="3/minute") as client:
        answers = [client.post("/api/tasks/x/cancel") for _ in range(5)]
        assert [a.status_code for a in answers] == [404, 404, 404, 429, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert client.get("/api/tasks").status_code == 200, "reading has a larger limit"
        assert client.get("/api/health").status_code == 200
        answers = [client.get("/api/tasks") for _ in range(60)]
        assert answers[-1].status_code == 429


def test_the_rate_is_checked_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="RATE_LIMIT"):
        rate(settings_for(tmp_path, rate_limit="many"))
    assert rate(settings_for(tmp_path, rate_limit="off")) is None


@pytest.fixture(scope="module")
def open_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with service(tmp_path_factory.mktemp("open"), cors_origins=("https://friend.example",)) as made:
        yield made


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 404),  # programs send no origin
        ({"Origin": "http://testserver"}, 404),
        ({"Origin": "https://friend.example"}, 404),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://testserver.evil.example"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://public.example", "X-Forwarded-Host": "public.example"}, 404),
        ({"Origin": "https://renamed.example", "Sec-Fetch-Site": "same-origin"}, 404),
    ],
)
def test_other_pages_cannot_act_for_a_visitor(open_client: TestClient, headers: dict[str, str], status: int) -> None:
    assert open_client.post("/api/tasks/x/cancel", headers=headers).status_code == status


def test_foreign_pages_may_read_only_where_allowed(open_client: TestClient, tmp_path: Path) -> None:
    friend = open_client.get("/api/tasks", headers={"Origin": "https://friend.example"})
    assert friend.headers["access-control-allow-origin"] == "https://friend.example"
    assert (
        "access-control-allow-origin"
        not in open_client.get("/api/tasks", headers={"Origin": "https://evil.example"}).headers
    )
    with service(tmp_path) as closed:
        assert (
            "access-control-allow-origin"
            not in closed.get("/api/tasks", headers={"Origin": "https://friend.example"}).headers
        )


@pytest.mark.parametrize("path", ["/api/health", "/nowhere", "/api/tasks?limit=0", "/clips/raw/x"])
def test_every_answer_carries_the_protecting_headers(open_client: TestClient, path: str) -> None:
    headers = open_client.get(path).headers
    assert {name: headers.get(name) for name in HEADERS} == dict(HEADERS)


def test_bodies_of_json_are_small(open_client: TestClient) -> None:
    big = "x" * (bodies.JSON_LIMIT + 1)
    for path in ("/api/v1/generate-initial-clips", "/api/v1/select-viral-clips", "/api/upload"):
        answer = open_client.post(
            path, content=json.dumps({"video_url": big}), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 413, path
        assert answer.json()["status"] == "error"


def test_no_secret_is_the_same_on_two_machines_and_the_file_is_private(tmp_path: Path) -> None:
    first, second = settings_for(tmp_path / "a"), settings_for(tmp_path / "b")
    key = secret_key(first)
    assert len(key) >= 32
    assert key != secret_key(second)
    assert key == secret_key(first), "it stays"
    assert stat.S_IMODE((first.data_dir / "secret.key").stat().st_mode) == 0o600
    (first.data_dir / "secret.key").write_bytes(b"cut")
    assert len(secret_key(first)) >= 32, "a file cut short is made again"
    assert secret_key(settings_for(tmp_path, secret_key="own")) == b"own"


def test_passwords_are_not_kept_as_they_are(tmp_path: Path) -> None:
    accounts = Accounts(settings_for(tmp_path, users=("ana:hunter2",), api_tokens=("t-secret",)))
    assert accounts.check("ana", "hunter2")
    assert "hunter2" not in repr(vars(accounts))
    assert "t-secret" not in repr(vars(accounts))


def test_the_log_is_json_with_job_ids_and_rotates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 2000)
    settings = settings_for(tmp_path)
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        logs.configure(settings)
        logs.configure(settings)
        token = current_job.set("j1")
        logging.getLogger("pipeline.x").warning("decoded %s", "ñ\nline two", extra={"file": "a"})
        current_job.reset(token)
        line = (settings.data_dir / "logs" / "service.log").read_text().splitlines()
        assert len(line) == 1, "configuring twice does not write twice, a line break stays inside its entry"
        entry = json.loads(line[0])
        assert (entry["job_id"], entry["message"], entry["level"], entry["file"]) == (
            "j1",
            "decoded ñ\nline two",
            "WARNING",
            "a",
        )
        for n in range(100):
            logging.getLogger("web").info("filler %d", n)
        kept = sorted(p.name for p in (settings.data_dir / "logs").iterdir())
        assert 2 <= len(kept) <= logs.FILES + 1
    finally:
        for handler in logging.getLogger().handlers[:]:
            if handler not in before[0]:
                logging.getLogger().removeHandler(handler)
                handler.close()
        logging.getLogger().setLevel(before[1])


def test_what_libraries_print_becomes_lines_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stream = logs.Lines(logging.getLogger("stderr"))
    with caplog.at_level(logging.INFO):
        print("Traceback (most recent call last):", file=stream)
        stream.write("half a ")
        stream.write("line\n\n")
    assert [record.getMessage() for record in caplog.records] == ["Traceback (most recent call last):", "half a line"]
