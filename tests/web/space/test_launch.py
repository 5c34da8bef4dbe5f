"""The page as a ZeroGPU Space serves it: Gradio's own server, with our guards before it and our routes first."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.browsing import EXAMPLES, ROOT, free_port

PROGRAM = """
    import sys, types
    spaces = types.ModuleType("spaces")
    spaces.GPU = lambda function=None, **options: function if function else (lambda f: f)
    sys.modules["spaces"] = spaces
    from web import studio
    studio.prepare()
    studio.launch()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("space"), free_port()
    env = {
        **os.environ,
        "DATA_DIR": str(folder),
        "TEMP_DIR": str(folder / "temp"),
        "APP_PORT": str(port),
        "APP_USERS": "ana:pw",
        "RATE_LIMIT": "off",
    }
    env.pop("GRADIO_TEMP_DIR", None)
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until and not _answers(url):
            assert process.poll() is None, process.stderr.read().decode()[-2000:] if process.stderr else ""
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url + "/api/health", headers={"Host": "user-name.hf.space"}).status_code == 200
    except httpx.HTTPError:
        return False


def test_the_guards_stand_before_gradios_server(address: str) -> None:
    assert httpx.get(address + "/gradio_api/file=http://8.8.8.8/x.png").status_code in {401, 404}
    assert httpx.get(address + "/gradio_api/proxy=http://8.8.8.8/").status_code == 404
    big = httpx.post(
        address + "/gradio_api/queue/join", content=b"[" * 2_000_000, headers={"Content-Type": "application/json"}
    )
    assert big.status_code == 413
    reads = httpx.get(address + "/config", headers={"Origin": "https://evil.example"})
    assert not [name for name in reads.headers if name.startswith("access-control-allow-")]
    assert (
        httpx.post(address + "/gradio_api/queue/join", json={}, headers={"Origin": "https://evil.example"}).status_code
        == 403
    )


def test_who_signs_in_on_the_page_may_use_its_routes(address: str) -> None:
    assert httpx.post(address + "/gradio_api/upload", files={"files": b"film"}).status_code == 401
    with httpx.Client(base_url=address) as visitor:
        assert visitor.post("/login", data={"username": "ana", "password": "pw"}).status_code == 200
        visitor.cookies = httpx.Cookies({c.name: c.value or "" for c in visitor.cookies.jar})
        with (EXAMPLES / "viral_3.mp4").open("rb") as film:
            path = visitor.post("/gradio_api/upload", files={"files": ("film.mp4", film)}).json()[0]
        assert visitor.get(f"/gradio_api/file={path}").status_code == 200
        assert visitor.get("/api/tasks").json()["total"] == 0
    assert httpx.get(f"{address}/gradio_api/file={path}").status_code == 401


def test_guessing_in_the_form_is_slowed_down(address: str) -> None:
    answers = [
        httpx.post(address + "/login", data={"username": "ana", "password": str(n)}).status_code for n in range(25)
    ]
    assert answers[:20] == [400] * 20
    assert set(answers[20:]) == {429}


def test_a_file_of_the_machine_is_no_upload(address: str, tmp_path: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    with httpx.Client(base_url=address, auth=("ana", "pw")) as visitor:
        assert visitor.get(f"/gradio_api/file={tmp_path}/secret.mp4").status_code == 404
