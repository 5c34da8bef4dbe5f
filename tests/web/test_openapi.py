"""What programs read about the service: Swagger UI from its own files, a full description, errors as they are really answered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pipeline.messages import languages
from tests.browsing import HARMLESS, chromium, page_server
from tests.fake_service import service
from tests.page_kinds import PAGE_KINDS
from web.openapi.described import TAGS
from web.openapi.page import FILES

USER = ("ana", "correct horse")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with service(tmp_path_factory.mktemp("described")) as made:
        yield made


def operations(described: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{m} {p}", o) for p, methods in described["paths"].items() for m, o in methods.items()]


def test_every_operation_says_what_it_does_takes_and_answers(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert len(operations(described)) > 30
    assert [tag["name"] for tag in described["tags"]] == list(TAGS)
    used: set[str] = set()
    for name, operation in operations(described):
        used |= set(operation["tags"])
        assert operation["summary"] != operation["operationId"], name
        assert operation["description"], name
        assert all("$ref" in p or p["description"] for p in operation["parameters"]), name
        good = {code: answer for code, answer in operation["responses"].items() if int(code) < 400}
        assert good, name
        for code, answer in good.items():
            bare = code == "204" or name.startswith("head ")
            contents = answer.get("content", {})
            assert bare or contents, name
            assert all(kind["schema"] and "additionalProperties" not in kind["schema"] for kind in contents.values()), (
                name
            )
    assert used == set(TAGS)


def test_every_reference_leads_somewhere(client: TestClient) -> None:
    text = client.get("/openapi.json").text
    described = json.loads(text)
    found = set(re.findall(r'"#/components/(\w+)/(\w+)"', text))
    assert len(found) > 40
    assert {(kind, name) for kind, name in found if name not in described["components"][kind]} == set()


def test_errors_are_described_as_they_are_answered_in_every_language(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    answers = described["components"]["responses"]
    for name, operation in operations(described):
        bad = {c: a for c, a in operation["responses"].items() if int(c) >= 400}
        assert {"421", "429", "500"} <= set(bad), name
        assert all(a == {"$ref": f"#/components/responses/Problem{c}"} for c, a in bad.items()), name
    for answer in answers.values():
        examples = answer["content"]["application/json"]["examples"]
        assert {key.rpartition("_")[2] for key in examples} == set(languages())
    for language in languages():
        real = client.get("/api/status/films", headers={"Accept-Language": language}).json()
        told = answers["Problem404"]["content"]["application/json"]["examples"][f"not_found_{language}"]["value"]
        assert real == {**told, "message": told["message"].replace("films/talk.mp4", "films")}


def test_descriptions_and_documents_are_behind_the_sign_in(tmp_path: Path) -> None:
    with service(tmp_path, users=(":".join(USER),)) as closed:
        paths = ["/docs", "/docs/examples", "/openapi.json", *(f"/docs/{name}" for name in FILES)]
        assert {closed.get(path).status_code for path in paths} == {401}
        assert {closed.get(path, auth=USER).status_code for path in paths} == {200}
        described = closed.get("/openapi.json", auth=USER).json()
        assert set(described["components"]["securitySchemes"]) == {"basic", "bearer"}
        public = {name for name, operation in operations(described) if operation.get("security") == []}
        assert public == {"get /api/health", "get /clips/raw/{name}", "get /clips/viral/{name}"}
        assert all(("401" in operation["responses"]) != (name in public) for name, operation in operations(described))


def test_without_sign_in_none_is_described(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert "security" not in described
    assert not any("401" in operation["responses"] for _, operation in operations(described))


def test_the_page_is_in_the_readers_language_and_allows_no_script_of_its_own(client: TestClient) -> None:
    pages = {language: client.get("/docs", headers={"Accept-Language": language}) for language in languages()}
    for language, page in pages.items():
        assert f'<html lang="{language}">' in page.text
        assert not re.search(r"<script>|https?://|\son\w+=", page.text)
        assert "unsafe-eval" not in page.headers["content-security-policy"]
        assert "script-src 'self';" in page.headers["content-security-policy"]
    assert len({page.text for page in pages.values()}) == len(pages)


@pytest.mark.parametrize(
    "path", ["/docs/", "/docs/nothing.js", "/docs/LICENSE-swagger-ui.txt", "/docs/../pyproject.toml"]
)
def test_only_the_pages_files_are_given(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_examples_name_the_address_they_were_asked_at(client: TestClient) -> None:
    text = client.get("/docs/examples").text
    assert "S=http://testserver\n" in text
    assert "127.0.0.1:7860" not in text


def test_a_browser_reads_it_from_this_service_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "temp" / "gradio"))
    asked: list[str] = []
    complaints: list[str] = []
    with page_server(tmp_path, PAGE_KINDS) as place, chromium() as browser:
        visitor = browser.new_page()
        visitor.on("request", lambda request: asked.append(request.url))
        visitor.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        visitor.on("pageerror", lambda error: complaints.append(str(error)))
        visitor.goto(place.address + "docs")
        visitor.locator("#operations-system-health_api_health_get").click()
        visitor.get_by_role("button", name="Try it out").click()
        visitor.get_by_role("button", name="Execute").click()
        visitor.locator(".live-responses-table .response-col_status", has_text="200").wait_for()
        outside = {url for url in asked if not url.startswith((place.address, "data:", "blob:"))}
    assert outside == set()
    assert [said for said in complaints if not said.startswith(HARMLESS)] == []
