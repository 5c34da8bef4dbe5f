"""Jobs on a cluster of real processes: the same results, progress, stop, and what is killed is done again, once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from pydantic import TypeAdapter

from benchmarks.local_cluster import LocalCluster, running
from pipeline.compute.device import pick
from pipeline.engine import Engine
from pipeline.errors import Cancelled, NoAudio, ToolError
from pipeline.evidence import gather
from pipeline.evidence.gather import RawEvidence
from pipeline.evidence.pieces import Measured, PicturePiece, Piece, SoundPiece, gather_in_pieces, measure
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.messages import message
from pipeline.progress import Report, no_report
from pipeline.settings import Settings
from pipeline.speech.passages import Passage, Said, Vote
from pipeline.speech.recognisers import Recognisers
from pipeline.speech.transcriber import Transcriber
from pipeline.speech.values import Chunk
from reelify.requests import HighlightsRequest, TranscribeRequest
from tests.fake_kinds import FAKES, Trial, asked
from tests.pipeline.speech.test_speech import LoudIsVoice, Parrot, sound
from web.jobs.kinds import KINDS, Kind, Kinds
from web.jobs.queue import Jobs
from web.jobs.values import NOBODY
from web.runner import queue_of

ROOT = Path(__file__).resolve().parents[3]
Make = Callable[..., Jobs]


# kinds and pieces of work, named over the network


def where(engine: Any, request: Any, *rest: Any) -> dict[str, Any]:
    """Which process does it, and with which of its engines."""
    return {"pid": os.getpid(), "engine": id(engine), "secrets": [engine.settings.secret_key, *engine.settings.users]}


def noted(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """Notes when it begins and when it ends; needs ``request.seconds``."""
    n, log = request.given["n"], request.given["log"]
    _note(log, f"begun {n}")
    end = time.monotonic() + request.seconds
    while time.monotonic() < end:
        report(0.5, message("progress.probing"))
        time.sleep(0.02)
    (folder / "result.txt").write_text(str(n))
    _note(log, f"done {n}")
    return {"n": n, "files": sorted(p.name for p in folder.iterdir())}


def measured(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """The evidence of a film, through the engine of the worker."""
    found: RawEvidence = engine.evidence(request.source, report)
    return remembered(found)


def remembered(found: RawEvidence) -> dict[str, Any]:
    """Evidence as it is remembered."""
    plain: dict[str, Any] = TypeAdapter(RawEvidence).dump_python(found, mode="json")
    return plain


def fatal(engine: Any, request: Any, *rest: Any) -> dict[str, Any]:
    """Takes its worker with it."""
    os._exit(9)


OWN = {work.__name__: Kind(Trial, work) for work in (where, noted, fatal, measured)}


def _note(log: str, line: str) -> None:
    with Path(log).open("a") as file:
        file.write(line + "\n")


# fixtures


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Two workers, the second of which offers a GPU."""
    with running(tmp_path_factory.mktemp("cluster"), 2, resources=("", "GPU=1")) as made:
        yield made


@pytest.fixture
def make(tmp_path: Path, cluster: LocalCluster) -> Iterator[Make]:
    made: list[Jobs] = []

    def build(kinds: Kinds = FAKES, **changes: Any) -> Jobs:
        settings = Settings(
            data_dir=tmp_path / "data", temp_dir=tmp_path / "temp", scheduler_address=cluster.address,
            models_dir=Settings.from_env().models_dir, **{"workers": 4, **changes},
        )  # fmt: skip
        made.append(queue_of(settings, kinds={**kinds, **OWN}))
        made[-1].start()
        return made[-1]

    yield build
    for jobs in made:
        jobs.close()


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def pids(cluster: LocalCluster) -> set[int]:
    return {w.pid for w in cluster.workers}


# without a cluster


def test_without_an_address_dask_is_not_even_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipeline.settings import Settings; from pipeline.engine import Engine;"
        "from web.runner import queue_of; from tests.fake_kinds import FAKES, asked;"
        "from web.jobs.values import NOBODY;"
        f"s = Settings(data_dir=Path({str(tmp_path)!r})); j = queue_of(s, Engine(s), kinds=FAKES); j.start();"
        "assert j.wait(j.submit(asked('echo', {}), NOBODY), 20).state == 'done'; j.close();"
        "sys.exit(any(m.split('.')[0] in {'dask', 'distributed'} or 'cluster' in m for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


# the same results


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory, media: Path) -> Path:
    """Two minutes and a bit of real speech and applause under a film with many cuts."""
    target = tmp_path_factory.mktemp("talk") / "talk.mp4"
    films = ["-stream_loop", "-1", *ffmpeg.safe_input(media / "shots" / "montage_gold_cuts.mp4")]
    sound = ffmpeg.safe_input(media / "highlights" / "talk_with_audience.mp4")
    picture = ["-vf", "scale=128:72,fps=5", "-c:v", "libx264", "-preset", "ultrafast", "-g", "10"]
    tracks = ["-map", "0:v", "-map", "1:a", "-c:a", "aac", "-t", "128.3"]
    ffmpeg.run([*films, *sound, *picture, *tracks, ffmpeg.safe_output(target)])
    return target


@pytest.fixture(scope="module")
def whole(talk: Path) -> RawEvidence:
    return gather.gather(talk, probe(talk), settings=Settings(), device=pick("cpu"))


def pieced(talk: Path, spread: Callable[[Iterator[Piece]], Iterator[Measured]]) -> RawEvidence:
    options: Any = {"settings": Settings(), "device": pick("cpu"), "piece": 120.0}
    return gather_in_pieces(talk, probe(talk), spread, no_report, **options)


def assert_same(one: RawEvidence, other: RawEvidence) -> None:
    for field in fields(RawEvidence):
        if field.name != "curves":
            assert getattr(one, field.name) == getattr(other, field.name), field.name
    for a, b in zip(one.curves, other.curves, strict=True):
        assert (a.name, a.step, a.start) == (b.name, b.step, b.start)
        np.testing.assert_array_equal(a.values, b.values, err_msg=a.name)


def test_evidence_in_pieces_is_that_of_one_pass_to_the_bit(talk: Path, whole: RawEvidence) -> None:
    given: list[Piece] = []

    def spread(pieces: Iterator[Piece]) -> Iterator[Measured]:
        """Everything at the same time, none in its turn."""
        given.extend(pieces)
        with ThreadPoolExecutor(1) as pool:
            later = [pool.submit(measure, p, Settings(), pick("cpu")) for p in reversed(given)]
            yield from (f.result() for f in reversed(later))

    assert_same(pieced(talk, spread), whole)
    assert [type(p) for p in given] == [SoundPiece, PicturePiece] * 2
    assert whole.events
    assert len(whole.shots) > 1
    assert whole.has_audio


def test_pictures_that_do_not_fit_together_are_seen_in_one_pass(talk: Path, whole: RawEvidence) -> None:
    seen = []

    def spread(pieces: Iterator[Piece]) -> Iterator[Measured]:
        for piece in pieces:
            seen.append(piece)
            found = measure(piece, Settings(), pick("cpu"))
            yield replace(found, head=(b"other pictures",)) if found.head else found

    assert_same(pieced(talk, spread), whole)
    last = seen[-1]
    assert not isinstance(last, SoundPiece)
    assert (last.warm, last.n_blocks) == (0, None)


@pytest.mark.parametrize("speaks", [["es"], ["en"] * 8 + ["es"] * 100], ids=["one language", "outvoted"])
def test_passages_heard_elsewhere_give_the_same_transcript(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speaks: list[str]
) -> None:
    """Votes and words of others, who hear the passages in any order, count as if this process had heard them."""
    monkeypatch.setattr("pipeline.speech.transcriber.load_session", LoudIsVoice)
    settings, device = Settings(models_dir=tmp_path, data_dir=tmp_path), pick("cpu")
    audio = sound(*([(1.5, 0.0001), (2.0, 0.1)] * 200))
    parrot = Parrot(batch=8, speaks=speaks)
    alone = Transcriber(settings, device, parrot).transcribe(audio)
    monkeypatch.setattr(Recognisers, "folder", tmp_path)

    class Strangers:
        batch = 8
        voted = 0

        def votes(self, chunks: Sequence[Chunk]) -> tuple[Vote, ...]:
            made = Transcriber(settings, device, Parrot(batch=8, speaks=speaks[self.voted :]))
            self.voted += len(chunks)
            return made.votes(chunks)

        def hear(self, passages: Iterable[Passage]) -> Iterator[Said]:
            every, asked, jobs = list(passages), self.voted, []
            for passage in every:
                made = Transcriber(settings, device, Parrot(batch=8, speaks=speaks[asked:] or speaks[-1:]))
                asked += len(passage.chunks) if passage.voting else 0
                jobs.append((made, passage))
            self.voted = asked
            done = {id(p): made.hear(p) for made, p in reversed(jobs)}
            return iter([done[id(p)] for p in every])

    assert Transcriber(settings, device, listeners=Strangers()).transcribe(audio) == alone
    assert len(alone.sentences) == 200


def test_a_transcript_on_workers_is_that_of_one_process(make: Make, media: Path, tmp_path: Path) -> None:
    source = media / "speech" / "en" / "jfk.flac"
    settings = Settings(data_dir=tmp_path / "alone", models_dir=Settings.from_env().models_dir)
    here = Engine(settings).transcript(source)
    jobs = make(KINDS)
    job = jobs.wait(jobs.submit(asked("transcribe", {"source": str(source)}), NOBODY), 120)
    assert job.state == "done", job.error
    assert job.result is not None
    assert job.result["segments"] == json.loads(json.dumps(here.to_json()["segments"]))
    assert "country" in here.text
    assert not list((jobs.settings.data_dir / "cluster" / "parcels").iterdir()), "pieces are cleaned away"


def test_evidence_from_a_worker_is_that_of_one_process_and_its_progress_arrives(
    make: Make, talk: Path, whole: RawEvidence
) -> None:
    jobs = make({})
    job_id = jobs.submit(asked("measured", {"source": str(talk)}), NOBODY)
    seen = set()

    def look() -> bool:
        job = jobs.get(job_id)
        seen.add((job.message.code if job.message else "", job.fraction))
        return job.is_finished

    until(look, 120)
    assert jobs.get(job_id).result == remembered(whole)
    assert len({f for code, f in seen if code == "progress.evidence"}) > 3


# jobs


def test_jobs_run_on_workers_which_keep_their_engine_and_get_no_secrets(make: Make, cluster: LocalCluster) -> None:
    jobs = make(secret_key="s3cret", users=("ana:secret",))
    found = [jobs.wait(jobs.submit(asked("where", {}), NOBODY), 30).result or {} for _ in range(6)]
    assert {f["pid"] for f in found} <= pids(cluster)
    assert len({f["engine"] for f in found}) <= len(cluster.workers)
    assert {json.dumps(f["secrets"]) for f in found} == {'[""]'}
    assert jobs.wait(jobs.submit(asked("echo", {"a": [1, "ñ"]}), NOBODY), 30).result == {"given": {"a": [1, "ñ"]}}


def test_errors_come_back_as_they_are(make: Make) -> None:
    jobs = make()
    failed = jobs.wait(jobs.submit(asked("no_audio", {}), NOBODY), 30)
    assert failed.error == {
        "error": NoAudio().short_code, "kind": "NoAudio",
        "message": {"$message": "error.no_audio", "values": {"name": "silent.mp4"}},
    }  # fmt: skip
    broken = jobs.wait(jobs.submit(asked("broken", {}), NOBODY), 30)
    assert broken.state == "failed"
    assert "secret" not in json.dumps(broken.error)


def test_progress_crosses_the_network(make: Make) -> None:
    jobs = make()
    job_id = jobs.submit(asked("patient", {"steps": 120}), NOBODY)
    seen: list[tuple[float, str]] = []

    def look() -> bool:
        job = jobs.get(job_id)
        seen.append((job.fraction, job.message.code if job.message else ""))
        return job.is_finished

    until(look)
    assert len({f for f, _ in seen}) > 3
    assert [f for f, _ in seen] == sorted(f for f, _ in seen)
    assert "progress.stage_two" in {c for _, c in seen}


def test_a_stop_ends_the_ffmpeg_of_the_worker(make: Make) -> None:
    jobs = make()
    job_id = jobs.submit(asked("encode", {"seconds": 3600}), NOBODY)

    def at_work() -> list[int]:
        # A process may end while it is looked at; its command line is empty then.
        found = psutil.process_iter(["pid", "cmdline"])
        return [p.pid for p in found if any(job_id in part for part in (p.info["cmdline"] or ()))]

    until(lambda: jobs.get(job_id).fraction > 0 and at_work())
    jobs.cancel(job_id)
    assert jobs.wait(job_id, 20).state == "cancelled"
    until(lambda: not at_work(), 5)
    assert not jobs.get(job_id).folder.exists()


def test_gpu_work_goes_to_gpus_and_other_work_elsewhere(cluster: LocalCluster, tmp_path: Path) -> None:
    from pipeline.cluster.crew import AddressLink, Crew
    from pipeline.cluster.worker import perform

    link = AddressLink(cluster.address)
    crew = Crew(link, Settings(data_dir=tmp_path), perform)
    try:
        for gpu in (True, False):
            found = {f["pid"] for f in crew.each(where, range(6), tick=lambda: None, gpu=gpu)}
            assert found == {cluster.workers[gpu].pid}
    finally:
        link.close()


def test_attempts_of_one_job_exclude_each_other_and_a_finished_one_is_not_repeated(tmp_path: Path) -> None:
    from web.cluster.run import Order, do_job

    engine: Any = SimpleNamespace(settings=Settings(data_dir=tmp_path))
    entered = threading.Event()

    def report(fraction: float, what: Any) -> None:
        entered.set()

    log = tmp_path / "log"
    kinds = {"noted": OWN["noted"]}
    order = Order(
        asked("noted", {"n": 1, "log": str(log), "seconds": 60}), tmp_path / ("a" * 32), kinds, tmp_path, "ticket"
    )
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(do_job, engine, order, report)
        assert entered.wait(10)
        quick = replace(order, request=asked("noted", {"n": 2, "log": str(log)}))
        assert do_job(engine, quick, no_report)["n"] == 2
        assert isinstance(first.exception(10), Cancelled)
    assert do_job(engine, quick, no_report)["n"] == 2
    assert log.read_text().split("\n")[:-1] == ["begun 1", "begun 2", "done 2"]
    assert do_job(engine, replace(quick, ticket="a later run"), no_report)["files"] == ["result.txt"]
    assert log.read_text().count("done 2") == 2


# what is killed


def test_killed_workers_and_a_new_scheduler_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    with running(tmp_path / "cluster") as cluster:
        settings = Settings(data_dir=tmp_path / "data", workers=4, scheduler_address=cluster.address)
        jobs = queue_of(settings, kinds=OWN)
        jobs.start()
        ids = [jobs.submit(asked("noted", {"n": n, "log": str(log), "seconds": 0.3}), NOBODY) for n in range(24)]
        until(lambda: jobs.counts()["done"] >= 4)
        cluster.kill(0)
        cluster.start(0)
        until(lambda: jobs.counts()["done"] >= 8, 60)
        cluster.stop(1)
        cluster.start(1)
        until(lambda: jobs.counts()["done"] >= 12, 60)
        cluster.restart_scheduler(0.1)
        found = [jobs.wait(i, 90) for i in ids]
        jobs.close()
    assert [j.state for j in found] == ["done"] * 24
    assert [j.result for j in found] == [{"n": n, "files": ["result.txt"]} for n in range(24)]
    lines = Counter(log.read_text().split("\n")[:-1])
    assert all(lines[f"done {n}"] == 1 for n in range(24)), lines
    assert sum(c for line, c in lines.items() if line.startswith("begun")) > 24, "something was interrupted"


@pytest.mark.slow
def test_a_job_that_kills_every_worker_fails_and_the_others_go_on(tmp_path: Path) -> None:
    with running(tmp_path / "cluster") as cluster:
        settings = Settings(data_dir=tmp_path / "data", workers=2, scheduler_address=cluster.address)
        jobs = queue_of(settings, kinds={**FAKES, **OWN})
        jobs.start()
        bad = jobs.submit(asked("fatal", {}), NOBODY)

        def revive() -> bool:
            for number, worker in enumerate(cluster.workers):
                if worker.poll() is not None:
                    cluster.start(number)
            return jobs.get(bad).is_finished

        until(revive, 120)
        assert (jobs.get(bad).error or {})["kind"] == ToolError.__name__
        revive()
        assert jobs.wait(jobs.submit(asked("echo", {}), NOBODY), 60).state == "done"
        jobs.close()


@pytest.mark.slow
def test_gpu_work_does_not_wait_for_a_gpu_that_is_gone(tmp_path: Path) -> None:
    from pipeline.cluster.crew import AddressLink, Crew
    from pipeline.cluster.worker import perform

    with running(tmp_path / "cluster", 2, resources=("", "GPU=1")) as cluster:
        link = AddressLink(cluster.address)
        crew = Crew(link, Settings(data_dir=tmp_path), perform)
        first = crew.each(where, range(30), tick=lambda: None, gpu=True)
        assert next(first)["pid"] == cluster.workers[1].pid
        cluster.kill(1)
        assert len(list(first)) == 29
        link.close()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, media: Path) -> Path:
    from benchmarks.cluster import build

    return build(tmp_path_factory.mktemp("film") / "film.mkv", 370.0)


@pytest.mark.slow
@pytest.mark.models
@pytest.mark.timeout(1800)
def test_a_long_film_gives_the_same_on_workers_killed_in_every_stage(make: Make, film: Path, tmp_path: Path) -> None:
    """Transcript and clips of six minutes cut into pieces: one process, two workers, a worker killed in each stage."""
    from benchmarks.cluster import Killer, do, service

    moments, spoken_words = HighlightsRequest(film, clips=3), TranscribeRequest(film)
    alone = service(tmp_path / "alone")
    truth = do(alone, moments, [])
    spoken = do(alone, spoken_words, [])
    alone.close()
    assert truth.job.state == "done"
    assert truth.result["clips"]
    with running(tmp_path / "cluster") as cluster:
        for stage in ("progress.evidence", "progress.transcribing", "progress.clips"):
            jobs = service(tmp_path / stage, cluster)
            killer = Killer(cluster, stage, "the job's")
            assert do(jobs, moments, [], killer).result == truth.result
            assert killer.fraction != "never"
            cluster.wait()
            assert do(jobs, spoken_words, []).result == spoken.result
            jobs.close()
