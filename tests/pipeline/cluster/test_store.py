"""A cluster whose machines share no folder: films, pieces, memories and results go through a store."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.local_cluster import running
from pipeline.cluster.store import KEPT, Folder, Given, Shared, Store, shared_of
from pipeline.compute.device import pick
from pipeline.compute.remembered import Remembered
from pipeline.engine import Engine
from pipeline.errors import Cancelled, NotFound, ToolError
from pipeline.evidence import gather
from pipeline.evidence.gather import RawEvidence
from pipeline.evidence.pieces import gather_in_pieces
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.messages import message
from pipeline.progress import Report, no_report
from pipeline.settings import Settings, SettingsError
from pipeline.stages import Here
from pipeline.values import Span
from reelify.cut.rewriting import Rewrite
from reelify.requests import Clip, CompileRequest
from tests.fake_kinds import Trial, asked
from web.cluster.files import fetched, given, rename_in_files, renamed
from web.jobs.kinds import KINDS, Kind
from web.jobs.values import NOBODY
from web.runner import queue_of

FILM = "ñ 'quote' & $x.mp4"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "page" / FILM
    path.parent.mkdir()
    path.write_bytes(os.urandom(70_000))
    return path


def store(tmp_path: Path, machine: str = "worker") -> Store:
    return Store(f"file://{tmp_path}/store", tmp_path / machine)


# files


def test_a_film_is_sent_once_and_copied_once(tmp_path: Path, film: Path) -> None:
    called = store(tmp_path).give(film)
    assert called.name == FILM
    sent = next((tmp_path / "store").rglob("film"))
    before = sent.stat().st_mtime_ns
    other = film.with_name("other name.mp4")
    other.write_bytes(film.read_bytes())
    assert store(tmp_path).give(other).identity == called.identity
    assert sent.stat().st_mtime_ns == before
    here = store(tmp_path).fetch(called)
    assert here.name == FILM
    assert here.read_bytes() == film.read_bytes()
    sent.unlink()
    assert store(tmp_path).fetch(called) == here
    assert film.exists()


def test_what_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound) as missing:
        store(tmp_path).fetch(Given("0" * 32, FILM))
    assert missing.value.message.values["name"] == FILM
    assert not list((tmp_path / "worker").rglob("*.part"))
    with pytest.raises(FileNotFoundError):
        store(tmp_path).load("parcels/none")
    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.pipe_file", _unreachable)
    with pytest.raises(ToolError) as failed:
        store(tmp_path).save("parcels/one", b"")
    assert "no route" in failed.value.detail


def _unreachable(*_: object, **__: object) -> None:
    raise RuntimeError("no route")


def test_a_film_sent_in_part_is_sent_again(tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = "fsspec.implementations.local.LocalFileSystem.put_file"

    def part(fs: Any, source: str, target: str, **_: object) -> None:
        Path(target).write_bytes(Path(source).read_bytes()[:100])
        raise ConnectionError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(whole, part)
        with pytest.raises(ToolError):
            store(tmp_path).give(film)
    assert store(tmp_path).fetch(store(tmp_path).give(film)).read_bytes() == film.read_bytes()


@pytest.mark.parametrize("make", [store, lambda tmp_path: Folder(tmp_path / "common")], ids=["store", "folder"])
def test_values_are_kept_dropped_and_swept(tmp_path: Path, make: Callable[[Path], Shared]) -> None:
    shared = make(tmp_path)
    shared.save("parcels/a", b"1")
    shared.save("parcels/b", b"2")
    assert shared.load("parcels/a") == b"1"
    shared.drop("parcels/a")
    shared.drop("parcels/a")
    for file in (p for p in tmp_path.rglob("*") if p.is_file()):
        os.utime(file, (time.time() - KEPT - 60,) * 2)
    shared.save("parcels/c", b"3")
    shared.sweep()
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["c"]


def test_films_nobody_uses_are_swept_others_stay(tmp_path: Path, film: Path) -> None:
    old = store(tmp_path).give(film)
    for file in (tmp_path / "store").rglob("*"):
        os.utime(file, (time.time() - KEPT - 60,) * 2)
    film.write_bytes(b"another film")
    new = store(tmp_path).give(film)
    store(tmp_path).sweep()
    assert store(tmp_path).fetch(new).read_bytes() == b"another film"
    with pytest.raises(NotFound):
        store(tmp_path).fetch(old)


def test_a_film_on_its_way_can_be_stopped(tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def part(fs: Any, source: str, target: str, callback: Any, **_: object) -> None:
        Path(target).write_bytes(b"part")
        callback.set_size(100)
        callback.relative_update(4)

    def stop() -> None:
        raise Cancelled

    called = store(tmp_path).give(film)
    for name in ("put_file", "get_file"):
        monkeypatch.setattr(f"fsspec.implementations.local.LocalFileSystem.{name}", part)
    with pytest.raises(Cancelled):
        store(tmp_path).fetch(called, stop)
    assert not [p for p in (tmp_path / "worker").rglob("*") if p.is_file() and p.suffix != ".lock"]
    film.write_bytes(b"another")
    with pytest.raises(Cancelled):
        store(tmp_path).give(film, stop)


def test_folders_there_and_back(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "é.txt").write_text("x")
    (folder / "a.mp4").write_bytes(b"y")
    store(tmp_path).give_folder(folder, "jobs/t/1")
    store(tmp_path).fetch_folder("jobs/t/1", tmp_path / "back")
    store(tmp_path).fetch_folder("jobs/t/none", tmp_path / "back")
    found = {p.relative_to(tmp_path / "back").as_posix(): p.read_bytes() for p in (tmp_path / "back").rglob("*.*")}
    assert found == {"deep/é.txt": b"x", "a.mp4": b"y"}


def test_the_setting(tmp_path: Path) -> None:
    assert isinstance(shared_of(Settings(data_dir=tmp_path), tmp_path), Folder)
    found = Settings.from_env({"SHARED_STORAGE": "file:///srv/studio"})
    assert isinstance(shared_of(found, tmp_path), Store)
    with pytest.raises(SettingsError, match=r"SHARED_STORAGE.*nonsense"):
        Settings.from_env({"SHARED_STORAGE": "nonsense://x"})


# memories


def test_another_machine_remembers(tmp_path: Path, film: Path) -> None:
    def fails() -> Span:
        raise AssertionError("known already")

    one, two = (Remembered(tmp_path / name, store(tmp_path)) for name in ("one", "two"))
    assert one.recall("stage", film, (1,), Span, lambda: Span(1.0, 2.0)) == Span(1.0, 2.0)
    assert two.recall("stage", film, (1,), Span, fails) == Span(1.0, 2.0)
    for file in (tmp_path / "store").rglob("*.json"):
        file.unlink()
    assert two.recall("stage", film, (1,), Span, fails) == Span(1.0, 2.0)


# parameters and results


def test_parameters_travel_and_results_speak_of_the_pages_files(tmp_path: Path, film: Path) -> None:
    gone = tmp_path / "missing.mp4"
    clips = (Clip(film, Span(1.0, 2.0), str(film)), Clip(gone))
    texts = (Rewrite(film, 0.0, "a", "b"),)
    wanted = CompileRequest(clips, tmp_path / "out", hook="/etc/hostname", texts=texts, names={str(film): "talk"})
    called = given(wanted, store(tmp_path))
    assert list(called) == [str(film)]
    names: dict[str, str] = {}
    got = fetched(wanted, called, store(tmp_path), names, lambda: None)
    here = str(got.clips[0].source)
    assert Path(here).read_bytes() == film.read_bytes()
    assert str(tmp_path / "worker") in here
    assert str(got.texts[0].source) == here
    assert (got.clips[1].source, got.clips[0].title, got.hook) == (gone, str(film), "/etc/hostname")
    assert (got.out, got.names) == (wanted.out, wanted.names)
    names["/w/job"] = "/page/job"
    result = {"source": here, "clips": [{"path": "/w/job/clip_1.mp4"}], "text": "/w/jobs are plenty", "n": 1}
    assert renamed(result, names) == {
        "source": str(film), "clips": [{"path": "/page/job/clip_1.mp4"}], "text": "/w/jobs are plenty", "n": 1,
    }  # fmt: skip


def test_files_of_results_speak_of_the_pages_files(tmp_path: Path) -> None:
    here, there = f"/w/0123/{FILM}", f"/página/{FILM}"
    (tmp_path / "a.json").write_text(json.dumps({"source": here}))
    (tmp_path / "b.json").write_text(json.dumps({"source": here}, ensure_ascii=False), encoding="utf-8")
    (tmp_path / "c.otio").write_text(json.dumps({"target_url": Path(here).as_uri()}))
    (tmp_path / "d.mp4").write_text(here, encoding="utf-8")
    rename_in_files(tmp_path, {here: there})
    assert json.loads((tmp_path / "a.json").read_text()) == {"source": there}
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8")) == {"source": there}
    assert json.loads((tmp_path / "c.otio").read_text()) == {"target_url": Path(there).as_uri()}
    assert (tmp_path / "d.mp4").read_text(encoding="utf-8") == here


# pieces of a film


def test_pieces_of_a_film_are_measured_on_copies(tmp_path: Path, media: Path) -> None:
    from pipeline.cluster.engine import AllWorkers, ClusterEngine

    film = tmp_path / "talk.mkv"
    pictures = ["-stream_loop", "-1", *ffmpeg.safe_input(media / "shots" / "montage_gold_cuts.mp4")]
    sound = ffmpeg.safe_input(media / "highlights" / "talk_with_audience.mp4")
    coded = ["-vf", "scale=64:36,fps=5", "-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-c:a", "aac"]
    ffmpeg.run([*pictures, *sound, *coded, "-map", "0:v", "-map", "1:a", "-t", "128", ffmpeg.safe_output(film)])
    models = Settings.from_env().models_dir

    def engine(name: str, crew: Any) -> ClusterEngine:
        return ClusterEngine(Settings(data_dir=tmp_path / name, models_dir=models), crew, store(tmp_path, name))

    class Elsewhere:
        """Everything is done by another machine's engine."""

        settings = Settings()
        offers_gpu = False

        def each(self, work: Any, items: Iterable[Any], **_: object) -> Iterator[Any]:
            return (work(other, item, no_report) for item in items)

    other = engine("other", None)
    crew: Any = Elsewhere()
    asking = AllWorkers(
        Here(Settings(data_dir=tmp_path / "asking", models_dir=models)), crew, store(tmp_path, "asking")
    )
    options: Any = {"settings": Settings(models_dir=models), "device": pick("cpu")}
    found = gather_in_pieces(film, probe(film), asking.spread, no_report, piece=120.0, **options)
    assert_same(found, gather.gather(film, probe(film), **options))
    assert len(list((tmp_path / "other").rglob("talk.mkv"))) == 1
    assert not (tmp_path / "asking").exists()
    assert not list((tmp_path / "store" / "parcels").iterdir())


def assert_same(one: RawEvidence, other: RawEvidence) -> None:
    for field in fields(RawEvidence):
        if field.name != "curves":
            assert getattr(one, field.name) == getattr(other, field.name), field.name
    for a, b in zip(one.curves, other.curves, strict=True):
        np.testing.assert_array_equal(a.values, b.values, err_msg=a.name)


# jobs on a cluster


def apart(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """Where a worker finds and leaves things."""
    source = str(request.source)
    (folder / "own.json").write_text(json.dumps({"source": source}))
    seen = {"source": source.replace("/", "|"), "folder": str(folder).replace("/", "|")}
    return {"file": str(folder / "own.json"), "source": source, "seen": seen, "pid": os.getpid()}


def test_jobs_on_workers_that_share_no_folder(tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "workers"))
    kinds = {**KINDS, "apart": Kind(Trial, apart)}
    source = media / "speech" / "en" / "jfk.flac"
    models = Settings.from_env().models_dir
    here = Engine(Settings(data_dir=tmp_path / "alone", models_dir=models)).transcript(source)
    with running(tmp_path / "cluster") as cluster:
        settings = Settings(
            data_dir=tmp_path / "page", temp_dir=tmp_path / "temp", scheduler_address=cluster.address, models_dir=models,
            shared_storage=f"file://{tmp_path}/store",
        )  # fmt: skip
        jobs = queue_of(settings, kinds=kinds)
        jobs.start()
        try:
            job = jobs.wait(jobs.submit(asked("apart", {"source": str(source)}), NOBODY), 60)
            assert job.result is not None, job.error
            assert job.result["source"] == str(source)
            assert Path(job.result["file"]) == job.folder / "own.json"
            assert json.loads((job.folder / "own.json").read_text()) == {"source": str(source)}
            seen = job.result["seen"]
            assert str(tmp_path / "cluster").replace("/", "|") in seen["source"]
            assert str(tmp_path / "cluster").replace("/", "|") in seen["folder"]
            said = jobs.wait(jobs.submit(asked("transcribe", {"source": str(source)}), NOBODY), 120)
            assert said.result is not None, said.error
            assert said.result["segments"] == json.loads(json.dumps(here.to_json()["segments"]))
            assert (said.folder / "transcript.srt").is_file()
            clip = {"source": str(source), "start": 1.0, "end": 4.0}
            cut = jobs.wait(jobs.submit(asked("compile", {"clips": [clip]}), NOBODY), 120)
            assert cut.result is not None, cut.error
            assert cut.result["cuts"][0]["source"] == str(source)
            assert probe(cut.result["output"]).duration == pytest.approx(3.0, abs=0.1)
            plans = [p.read_text() for p in cut.folder.glob("*.otio")]
            assert plans
            assert all(source.absolute().as_uri() in plan and "cluster" not in plan for plan in plans)
        finally:
            jobs.close()
    assert not list((tmp_path / "store" / "jobs").iterdir()), "results are fetched once"
    assert list((tmp_path / "workers").rglob("*.json")), "each worker remembers for itself"
    assert list((tmp_path / "store" / "memory").rglob("*.json")), "and for the others"


def test_an_attempt_that_is_done_is_not_repeated(tmp_path: Path, film: Path) -> None:
    from web.cluster.run import Order, do_job_afar

    engine: Any = SimpleNamespace(settings=Settings(temp_dir=tmp_path / "temp"), shared=store(tmp_path))
    kinds = {"apart": Kind(Trial, apart)}
    request = asked("apart", {"source": str(film)})
    called = given(request, store(tmp_path))
    order = Order(request, tmp_path / "page" / ("a" * 32), kinds, tmp_path / "locks", "ticket", called)
    first = do_job_afar(engine, order, no_report)
    assert do_job_afar(engine, order, no_report) == first
    assert not list((tmp_path / "temp" / "jobs").iterdir())
    assert first["result"]["source"] == str(film)
    assert not order.folder.exists()


def test_what_is_shown_before_the_end_arrives_before_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from web.cluster import files as files

    monkeypatch.setattr(files, "LOOK", 0.0)
    there, page = tmp_path / "there", tmp_path / "page"
    there.mkdir()
    page.mkdir()
    heard: list[float] = []

    def report(fraction: float, what: Any) -> None:
        heard.append(fraction)

    send = files.EarlySender(report, store(tmp_path), there, "jobs/t/early", {str(there): str(page)})
    bring = files.EarlyReceiver(report, store(tmp_path), page, "jobs/t/early")
    send(0.1, message("progress.done"))
    bring(0.2, message("progress.done"))
    assert not list(page.iterdir())
    for order in (1, 2):
        (there / "ranking.json").write_text(json.dumps({"path": f"{there}/clip_{order}.mp4"}))
        send(0.3, message("progress.done"))
        bring(0.4, message("progress.done"))
        assert json.loads((page / "ranking.json").read_text()) == {"path": f"{page}/clip_{order}.mp4"}
    assert heard == [0.1, 0.2, 0.3, 0.4, 0.3, 0.4]
    (page / "ranking.json").unlink()
    page.rmdir()
    bring(0.5, message("progress.done"))
