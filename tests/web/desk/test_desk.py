"""What the timeline draws: words with their times, loudness as bytes, and nobody else's."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from pipeline.media.probe import probe
from reelify.requests import HighlightsRequest
from tests import fake_service
from tests.dubbing import film, sound
from tests.fake_kinds import FAKES
from tests.fake_service import FakeEngine, ended, parts, service
from web.desk import work
from web.jobs.kinds import Kind, by_name
from web.jobs.reels import SAID
from web.jobs.values import NOBODY, Asker

TOLD = {
    "language": "es",
    "segments": [
        {"start": 1.0, "end": 2.0, "text": "Hola a todos.", "words": [{"start": 1.0, "end": 1.4, "text": " Hola"}, {"start": 1.4, "end": 2.0, "text": "a todos."}]},
        {"start": 3.0, "end": 4.0, "text": "Adiós.", "words": []},
    ],
}  # fmt: skip


def found(engine: Any, request: Any, folder: Path, report: Any) -> dict[str, Any]:
    if request.transcribe:
        (folder / SAID).write_text(json.dumps(TOLD))
    return {"clips": [], "timeline": {"shots": [0.0, 4.0]}}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Path]]:
    folder = tmp_path_factory.mktemp("desk")
    source = film(folder, sound(12, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fake_service, "FAKES", {**FAKES, **by_name(Kind(HighlightsRequest, found))})
        patch.setattr(FakeEngine, "probe", lambda self, path: probe(path))
        with service(folder) as client:
            yield client, source


def made(client: TestClient, asker: Asker = NOBODY, **options: Any) -> str:
    job = parts(client).jobs.submit(HighlightsRequest(**options), asker)
    ended(client, job)
    return str(job)


def test_words_keep_their_times_and_a_sentence_without_them_is_one(place: tuple[TestClient, Path]) -> None:
    client, source = place
    told = client.get(f"/page/desk/{made(client, source=source)}/said/0").json()
    assert told == {
        "language": "es",
        "sentences": [[1.0, 2.0, [[1.0, 1.4, "Hola"], [1.4, 2.0, "a todos."]]], [3.0, 4.0, [[3.0, 4.0, "Adiós."]]]],
    }
    assert client.get(f"/page/desk/{made(client, source=source, transcribe=False)}/said/0").status_code == 404


def test_loudness_has_a_byte_for_every_twenty_milliseconds(place: tuple[TestClient, Path]) -> None:
    client, source = place
    job = made(client, source=source)
    wave = np.frombuffer(client.get(f"/page/desk/{job}/wave/0").content, np.uint8)
    assert len(wave) == pytest.approx(probe(source).duration * work.PER_SECOND, abs=3)
    assert wave.max() == 255
    assert client.get(f"/page/desk/{job}/wave/0").content == wave.tobytes(), "made once"


def test_it_follows_the_sound() -> None:
    drawn = work.drawn(np.array([0.0, 0.1, 0.2] * 100, np.float32))
    assert drawn[:3].tolist() == [0, 128, 255]
    assert not work.drawn(np.zeros(5, np.float32)).any(), "silence is a line"


def test_another_visitor_sees_neither(place: tuple[TestClient, Path]) -> None:
    client, source = place
    job = made(client, Asker("browser:" + "0" * 32, "es"), source=source)
    assert [client.get(f"/page/desk/{job}/{what}/0").status_code for what in ("said", "wave")] == [403, 403]
    assert client.get("/page/desk/../../etc/said/0").status_code == 404


def test_a_film_that_is_gone_is_not_found(place: tuple[TestClient, Path], tmp_path: Path) -> None:
    client, source = place
    gone = tmp_path / "gone.mkv"
    gone.write_bytes(source.read_bytes())
    job = made(client, source=gone)
    gone.unlink()
    assert client.get(f"/page/desk/{job}/wave/0").status_code == 404


def test_the_film_is_shown_in_small_pictures_and_its_shots_before_a_clip_is_made(
    place: tuple[TestClient, Path],
) -> None:
    client, source = place
    job = made(client, source=source)
    strip = Image.open(io.BytesIO(client.get(f"/page/desk/{job}/film/0").content))
    info = probe(source)
    assert info.video
    shape = info.video.display_width / info.video.display_height
    assert strip.width / strip.height == pytest.approx(work.FILM * shape, rel=0.05)
    assert np.asarray(strip.convert("L")).std() > 3, "it is not black"
    still = client.get(f"/page/desk/{job}/still/0", params={"at": 3})
    assert Image.open(io.BytesIO(still.content)).format == "JPEG"
    asked: dict[str, Any] = {"start": 1, "end": 6, "aspect": "9:16"}
    shots = client.get(f"/page/desk/{job}/frames/0", params=asked, headers={"accept-language": "es"}).json()
    assert [(shot["start"], shot["end"]) for shot in shots] == [(1.0, 4.0), (4.0, 6.0)]
    assert all(shot["why"] and not shot["why"].startswith("layout.") for shot in shots)
    wrong: dict[str, Any]
    for wrong in ({"aspect": "2:1"}, {"end": 0.5}, {"end": 9000}, {"start": -1}, {"start": "nan"}):
        assert client.get(f"/page/desk/{job}/frames/0", params=asked | wrong).status_code in (400, 422), wrong
    assert client.get(f"/page/desk/{job}/film/1").status_code == 404


def test_no_more_pictures_of_shots_are_kept_than_are_looked_at(
    place: tuple[TestClient, Path], monkeypatch: Any
) -> None:
    client, source = place
    job = made(client, source=source)
    monkeypatch.setattr(work, "MOST_STILLS", 2)
    for at in (1, 2, 3, 4):
        assert client.get(f"/page/desk/{job}/still/0", params={"at": at}).status_code == 200
    folder = parts(client).settings.page_files / "previews" / job
    assert len(list(folder.glob("still_*"))) == 2
