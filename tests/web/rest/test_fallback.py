"""What our addresses answer where no route fits, with and without the page behind them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.fake_service import service


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with service(tmp_path_factory.mktemp("fallback")) as made:
        made.app.mount("/", lambda *_: pytest.fail("fell through to the page"))  # type: ignore[attr-defined]
        yield made


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize(
    "path", ["/api/nothing", "/api/", "/api", "/api/v1/x", "/clips/x", "/clips/raw/a/b", "/api/tasks/x/y/z"]
)
def test_unknown_addresses_answer_in_our_shape(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/health", "GET"), ("POST", "/api/tasks", "GET"), ("PUT", "/api/tasks/x", "DELETE"), ("GET", "/api/upload", "POST"),
        ("GET", "/api/v1/select-viral-clips", "POST"), ("POST", "/metrics", "GET"), ("PATCH", "/clips/raw/x", "GET"),
    ],
)  # fmt: skip
def test_wrong_methods_say_which_are_right(client: TestClient, method: str, path: str, allowed: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.json()["error"] == "method_not_allowed"
    assert allowed in answer.headers["allow"].split(", ")


@pytest.mark.parametrize(
    "path", ["/api/health", "/api/tasks", "/api/system-info", "/api/media/status", "/metrics", "/api/status/none"]
)
def test_head_is_get_without_a_body(client: TestClient, path: str) -> None:
    read, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (read.status_code, b"")
    assert head.headers["content-type"] == read.headers["content-type"]
