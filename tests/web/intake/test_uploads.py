"""Uploads: complete or not there, never larger than allowed, names of the client only for show, continued after a break."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.requests import ClientDisconnect

from pipeline.errors import BadRequest, DiskFull, StudioError, TooLarge, UnsupportedFormat
from pipeline.files import received
from pipeline.files.received import shown_name
from pipeline.settings import Settings
from tests.fake_kinds import asked
from tests.fake_service import ended, files_below, parts, service, settings_for
from web.intake import forms
from web.intake.forms import Form, read_form
from web.jobs.values import NOBODY

BOUNDARY = b"----x7MA4YWxk"
FIELDS = {"original": "original", "dubbed": "dubbed", "file1": "original"}


def part(name: str, data: bytes, filename: str | None = None) -> bytes:
    file = f'; filename="{filename}"' if filename is not None else ""
    head = f'--{BOUNDARY.decode()}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + data + b"\r\n"


END = b"--" + BOUNDARY + b"--\r\n"


async def stream(data: bytes, size: int, fail: bool = False) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]
    if fail:
        raise ClientDisconnect


def receive(data: bytes, settings: Settings, size: int = 777, fail: bool = False, length: int | None = None) -> Form:
    kind = f"multipart/form-data; boundary={BOUNDARY.decode()}"
    return asyncio.run(read_form(stream(data, size, fail), kind, length, settings, FIELDS))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


@pytest.mark.parametrize("size", [1, 7, 64, 4096, 10**6])
def test_files_arrive_byte_by_byte_whatever_the_pieces(settings: Settings, size: int) -> None:
    noise = random.Random(size)
    first = noise.randbytes(3000) + b"\r\n--" + BOUNDARY[:5] + b"\r\n\r\n" + noise.randbytes(2000)
    second = b"\r\n" * 50 + noise.randbytes(10)
    form = receive(
        part("file1", first, "Ñandú película.MP4")
        + part("name", "Título".encode())
        + part("dubbed", second, "d.mkv")
        + END,
        settings,
        size,
    )
    assert form.files["original"].path.read_bytes() == first
    assert form.files["dubbed"].path.read_bytes() == second
    assert form.fields == {"name": "Título"}
    assert form.files["original"].name == "Ñandú película.MP4"
    assert form.files["original"].path.suffix == ".mp4"


@pytest.mark.parametrize(
    "name",
    ["../../../etc/cron.d/x.mp4", "/abs/x.mp4", "..\\..\\x.mp4", "a;rm -rf ~;.mp4", "-i.mp4", "$(id).mp4", "con\x00.mp4", "x\n.mp4"],
)  # fmt: skip
def test_a_name_is_only_for_show(settings: Settings, tmp_path: Path, name: str) -> None:
    data = part("original", b"film", name.replace("\n", "%0A"))
    form = receive(data + END, settings)
    path = form.files["original"].path
    assert path.parent == settings.uploads
    assert len(path.stem) == 32
    assert int(path.stem, 16)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]


@pytest.mark.parametrize(
    ("given", "shown"),
    [("a/b/c.mp4", "c.mp4"), ("C:\\v\\d.mkv", "d.mkv"), ("", "video"), ("\u202e4pm.exe", "4pm.exe"), ("x" * 500 + ".mp4", "x" * 196 + ".mp4")],
)  # fmt: skip
def test_shown_names(given: str, shown: str) -> None:
    assert shown_name(given) == shown


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (part("original", b"film", "a.mp4"), BadRequest),  # no end
        (part("original", b"film", "a.mp4")[:-8], BadRequest),
        (b"not a form at all", BadRequest),
        (b"", BadRequest),
        (part("original", b"", "a.mp4") + END, BadRequest),
        (part("original", b"1", "a.mp4") + part("original", b"2", "b.mp4") + END, BadRequest),
        (part("avatar", b"1", "a.mp4") + END, BadRequest),
        (part("original", b"1", "a.exe") + END, UnsupportedFormat),
        (part("original", b"1", "noextension") + END, UnsupportedFormat),
        (part("original", b"1" * 5001, "a.mp4") + END, TooLarge),
        (part("name", b"1" * 70000) + END, TooLarge),
        (b"".join(part(f"f{n}", b"1") for n in range(40)) + END, BadRequest),
    ],
)
def test_whatever_goes_wrong_nothing_stays(tmp_path: Path, data: bytes, error: type[StudioError]) -> None:
    settings = settings_for(tmp_path, max_upload=5000)
    good = part("dubbed", b"good", "good.mp4")
    with pytest.raises(error):
        receive(good + data, settings)
    assert files_below(settings.uploads) == []


def test_a_broken_connection_leaves_nothing(settings: Settings) -> None:
    with pytest.raises(ClientDisconnect):
        receive(part("dubbed", b"x", "a.mp4") + part("original", b"y" * 9000, "b.mp4"), settings, 100, fail=True)
    assert files_below(settings.uploads) == []


def test_while_it_arrives_a_file_is_called_part(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "CHUNK", 10)
    seen: set[str] = set()

    async def watched() -> AsyncIterator[bytes]:
        data = part("original", b"y" * 500, "b.mp4")
        for at in range(0, len(data), 50):
            yield data[at : at + 50]
            seen.update(Path(name).suffix for name in files_below(settings.uploads))
        yield END

    kind = f"multipart/form-data; boundary={BOUNDARY.decode()}"
    form = asyncio.run(read_form(watched(), kind, None, settings, FIELDS))
    assert seen == {".part"}
    assert files_below(settings.uploads) == [form.files["original"].path.name]


def test_too_much_is_refused_before_it_is_read(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge):
        receive(b"", settings, length=3 * settings.max_upload)
    usage = shutil.disk_usage("/")._replace(free=received.RESERVE + 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskFull):
        receive(b"", settings, length=1001)


def test_the_disk_is_looked_at_while_a_form_of_unknown_length_arrives(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(received, "LOOK", 1000)
    frees = iter([10**12, 0])
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=next(frees, 0)))
    with pytest.raises(DiskFull):
        receive(part("original", b"1" * 3000, "a.mp4") + END, settings, 500)
    assert files_below(settings.uploads) == []


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with service(tmp_path_factory.mktemp("uploads"), max_upload=100_000) as made:
        yield made


def _uploads(client: TestClient) -> list[str]:
    return files_below(parts(client).settings.uploads)


def test_two_files_become_a_task(client: TestClient) -> None:
    files = {"original": ("film.mp4", b"film" * 100), "dubbed": ("doblaje.mkv", b"dub" * 100)}
    answer = client.post("/api/upload", files=files, data={"custom_name": "Mi película"})
    assert answer.status_code == 200
    job = ended(client, answer.json()["task_id"])
    assert (job.state, job.title, job.request.called(job.request.dub)) == ("done", "Mi película", "doblaje.mkv")
    parts(client).jobs.delete(job.id)
    assert _uploads(client) == []


def test_further_dubs_come_with_the_first(client: TestClient) -> None:
    """Two files of one field are two dubs, those of a group the parts of one in their order."""
    files = [
        ("original", ("film.mp4", b"film")), ("dubbed", ("tv.mkv", b"tv")), ("also", ("dvd.mkv", b"dvd")), ("also.cd", ("CD1.mka", b"1")),
        ("also", ("vhs.mkv", b"vhs")), ("also.cd", ("CD2.mka", b"2")),
    ]  # fmt: skip
    job = ended(client, client.post("/api/upload", files=files).json()["task_id"])
    asked = job.request
    assert [[asked.called(part) for part in dub] for dub in asked.also] == [
        ["dvd.mkv"],
        ["CD1.mka", "CD2.mka"],
        ["vhs.mkv"],
    ]
    assert [[part.suffix for part in dub] for dub in asked.also] == [[".mkv"], [".mka", ".mka"], [".mkv"]]
    parts(client).jobs.delete(job.id)
    assert _uploads(client) == []


@pytest.mark.parametrize(
    "wrong",
    [
        ("also", ("x.mkv", b"bad")),
        ("also.", ("x.mkv", b"a")),
        ("also.a/b", ("x.mkv", b"a")),
        ("dubbed", ("x.mkv", b"a")),
    ],
)
def test_a_further_dub_that_is_none_takes_all_with_it(client: TestClient, wrong: tuple[str, tuple[str, bytes]]) -> None:
    files = [("original", ("a.mp4", b"film")), ("dubbed", ("b.mp4", b"dub")), ("also", ("c.mp4", b"c")), wrong]
    assert client.post("/api/upload", files=files).status_code in (400, 422)
    assert _uploads(client) == []


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({"original": ("a.mp4", b"only one")}, 400),
        ({"original": ("a.mp4", b"film"), "dubbed": ("b.mp4", b"bad")}, 422),
        ({"original": ("a.mp4", b"film"), "dubbed": ("b.txt", b"text")}, 415),
        ({"original": ("a.mp4", b"film"), "dubbed": ("b.mp4", b"1" * 100_001)}, 413),
    ],
)
def test_wrong_uploads_are_refused_and_removed(
    client: TestClient, files: dict[str, tuple[str, bytes]], status: int
) -> None:
    before = client.get("/api/tasks").json()["total"]
    answer = client.post("/api/upload", files=files)
    assert (answer.status_code, answer.json()["status"]) == (status, "error")
    assert _uploads(client) == []
    assert client.get("/api/tasks").json()["total"] == before


def test_a_body_that_is_no_form(client: TestClient) -> None:
    for kind in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded", ""):
        assert client.post("/api/upload", content=b"a=b", headers={"Content-Type": kind}).status_code == 400
    assert client.post("/api/upload", content=b"{", headers={"Content-Type": "application/json"}).status_code == 422


def test_an_upload_in_pieces_continues_where_it_broke_off(client: TestClient) -> None:
    data = random.Random(1).randbytes(50_000)
    plan = client.post("/api/upload/resumable", json={"name": "film.mkv", "size": len(data)})
    assert plan.status_code == 201
    url = plan.json()["url"]
    for at in range(0, 30_000, 10_000):
        piece = client.patch(url, content=data[at : at + 10_000], headers={"Upload-Offset": str(at)})
        assert piece.json()["offset"] == at + 10_000
    wrong = client.patch(url, content=b"x", headers={"Upload-Offset": "10000"})
    assert (wrong.status_code, wrong.json()["error"]) == (409, "upload_offset")
    early = client.post("/api/upload", json={"original": url, "dubbed": url})
    assert early.status_code == 404
    at = int(client.head(url).headers["upload-offset"])
    assert client.patch(url, content=data[at:], headers={"Upload-Offset": str(at)}).json()["offset"] == len(data)
    answer = client.post("/api/upload", json={"original": url, "dubbed": url})
    job = ended(client, answer.json()["task_id"])
    assert job.request.original.read_bytes() == data
    parts(client).jobs.delete(job.id)
    client.delete(url)
    assert _uploads(client) == []


def test_an_upload_that_a_task_needs_stays(client: TestClient, tmp_path: Path) -> None:
    url = client.post("/api/upload/resumable", json={"name": "a.mp4", "size": 3}).json()["url"]
    client.patch(url, content=b"123", headers={"Upload-Offset": "0"})
    jobs = parts(client).jobs
    path = str(jobs.settings.uploads / (url.rpartition("/")[2] + ".mp4"))
    job_id = jobs.submit(asked("patient", {"until": str(tmp_path / "go"), "source": path}), NOBODY)
    refused = client.delete(url)
    assert (refused.status_code, refused.json()["error"]) == (409, "conflict")
    (tmp_path / "go").touch()
    assert ended(client, job_id).state == "done"
    assert Path(path).exists()
    assert client.delete(url).status_code == 204
    jobs.delete(job_id)


def test_pieces_never_exceed_what_was_announced(client: TestClient) -> None:
    url = client.post("/api/upload/resumable", json={"name": "a.mp4", "size": 10}).json()["url"]
    assert client.patch(url, content=b"1" * 11, headers={"Upload-Offset": "0"}).status_code == 413
    assert client.patch(url, content=b"1", headers={"Upload-Offset": "-1"}).status_code == 400
    assert client.delete(url).status_code == 204
    assert client.head(url).status_code == 404
    assert client.post("/api/upload/resumable", json={"name": "a.mp4", "size": 100_001}).status_code == 413
    assert client.post("/api/upload/resumable", json={"name": "a.sh", "size": 1}).status_code == 415
    assert client.head("/api/upload/resumable/..%2f..%2fsecret").status_code == 404


def test_an_owner_may_upload_so_much_and_words_alone_take_no_room(tmp_path: Path) -> None:
    with service(tmp_path, keep_bytes_each=150) as client:

        def announce(size: int) -> Any:
            return client.post("/api/upload/resumable", json={"name": "a.mp4", "size": size})

        first = announce(100)
        assert [announce(100).status_code for _ in range(3)] == [201, 201, 201]
        assert announce(151).status_code == 413
        client.patch(first.json()["url"], content=b"1" * 100, headers={"Upload-Offset": "0"})
        refused = announce(100)
        assert (refused.status_code, refused.json()["error"]) == (413, "too_large")
        assert announce(50).status_code == 201
