"""ZeroGPU Spaces: speech borrows a GPU for a reckoned time, everything else does not; tried with a stand-in for ``spaces``."""

from __future__ import annotations

import contextvars
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Cancelled, NoAudio
from pipeline.media.probe import Probes
from pipeline.messages import Message
from pipeline.progress import Report
from pipeline.settings import Settings
from pipeline.speech import transcriber
from pipeline.values import Transcript
from tests.conftest import ROOT
from tests.fake_kinds import Trial, asked
from tests.fake_service import settings_for
from web.jobs.kinds import Kind
from web.jobs.values import NOBODY
from web.runner import runner
from web.space import zero_gpu
from web.space.zero_gpu import FromGpu, VisitorsJobs, ZeroEngine, gpu_seconds

FAKE = """
class _Called(Exception):
    pass

def GPU(task=None, *, duration=None, size=None):
    return task
"""


class NoGpu(Exception):
    """What ``spaces`` raises where the quota is used up."""


class Spaces:
    """A scheduler that grants every wish and remembers what was wished for."""

    def __init__(self, refuse: bool = False) -> None:
        self.seconds: list[int] = []
        self.closed = False
        self.refuse = refuse

    def gpu(
        self, task: Callable[..., Iterator[FromGpu]], *, duration: Callable[..., int]
    ) -> Callable[..., Iterator[FromGpu]]:
        def granted(*args: Any) -> Iterator[FromGpu]:
            self.seconds.append(duration(*args))
            if self.refuse:
                raise NoGpu("quota")
            try:
                yield from task(*args)
            finally:
                self.closed = True

        return granted


class FakeTranscriber:
    """Hears one thing, on whatever device; what it is asked to do is in ``script``."""

    script: Callable[[Report], None] = staticmethod(lambda report: None)
    made: list[tuple[str, str]] = []  # noqa: RUF012 - emptied for each test

    def __init__(self, settings: Settings, device: Any) -> None:
        self.backend = settings.speech_backend
        self.made.append((settings.speech_backend, device.kind))

    def transcribe(
        self,
        path: Any,
        *,
        language: str | None,
        stream: int,
        report: Report,
        duration: float | None = None,
        names: tuple[str, ...] = (),
    ) -> Transcript:
        type(self).script(report)
        return Transcript(self.backend, 100.0, (), 1.0, ())


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    class Info:
        duration = 3600.0
        others = ()
        path = ""

    monkeypatch.setattr(transcriber, "Transcriber", FakeTranscriber)
    monkeypatch.setattr(Probes, "__call__", lambda self, path: Info())
    FakeTranscriber.made = []
    FakeTranscriber.script = staticmethod(lambda report: None)  # type: ignore[assignment]
    path = tmp_path / "film.mp4"
    path.write_bytes(b"film")
    return path


def engine(folder: Path, spaces: Spaces) -> ZeroEngine:
    return ZeroEngine(settings_for(folder), spaces.gpu, (NoGpu,))


def test_longer_sound_and_larger_models_ask_for_longer() -> None:
    asked = [gpu_seconds("base", seconds) for seconds in (0, 60, 600, 3600, 36000)]
    assert asked == sorted(asked)
    assert asked[0] == zero_gpu.LEAST
    assert asked[-1] == zero_gpu.MOST
    assert gpu_seconds("tiny", 3600) < gpu_seconds("base", 3600) < gpu_seconds("medium", 3600)
    assert gpu_seconds("base", 3600) >= 3600 / zero_gpu.SPEED + zero_gpu.START
    assert gpu_seconds("somebody/fine-tuned", 600) == gpu_seconds("large-v3", 600)


def test_speech_is_heard_on_the_borrowed_gpu(film: Path, tmp_path: Path) -> None:
    spaces, told = Spaces(), []
    FakeTranscriber.script = staticmethod(lambda report: report(0.5, Message("progress.speech")))  # type: ignore[assignment]
    heard = engine(tmp_path, spaces).transcript(film, report=lambda f, m: told.append((f, m.code)))
    assert heard.language == "openai-whisper"
    assert spaces.seconds == [gpu_seconds("base", 3600)]
    assert told == [(0.0, "progress.waiting_gpu"), (0.5, "progress.speech")]
    assert FakeTranscriber.made[0][0] == "openai-whisper"


def test_without_a_gpu_speech_is_heard_on_the_processor_and_says_so(film: Path, tmp_path: Path) -> None:
    heard = engine(tmp_path, Spaces(refuse=True)).transcript(film)
    assert heard.language == "faster-whisper"
    assert FakeTranscriber.made == [("faster-whisper", "cpu")]
    assert [doubt.code for doubt in heard.doubts] == ["device.gpu_failed"]


def test_a_gpu_that_fails_is_replaced_too(film: Path, tmp_path: Path) -> None:
    def fail(report: Report) -> None:
        if FakeTranscriber.made[-1][0] == "openai-whisper":
            raise RuntimeError("CUDA error: out of memory")

    FakeTranscriber.script = staticmethod(fail)  # type: ignore[assignment]
    heard = engine(tmp_path, Spaces()).transcript(film)
    assert heard.language == "faster-whisper"
    assert "out of memory" in str(heard.doubts[0].values["detail"])


def test_a_fault_of_the_file_stays_one(film: Path, tmp_path: Path) -> None:
    def silent(report: Report) -> None:
        raise NoAudio(name="film.mp4")

    FakeTranscriber.script = staticmethod(silent)  # type: ignore[assignment]
    with pytest.raises(NoAudio):
        engine(tmp_path, Spaces()).transcript(film)


def test_a_stop_reaches_the_gpu(film: Path, tmp_path: Path) -> None:
    spaces = Spaces()

    def long(report: Report) -> None:
        for n in range(1000):
            report(n / 1000, Message("progress.speech"))
            time.sleep(0.01)

    def stop(fraction: float, what: Message) -> None:
        if fraction > 0.0:
            raise Cancelled

    FakeTranscriber.script = staticmethod(long)  # type: ignore[assignment]
    with pytest.raises(Cancelled):
        engine(tmp_path, spaces).transcript(film, report=stop)
    assert spaces.closed


visitor: contextvars.ContextVar[str] = contextvars.ContextVar("visitor", default="nobody")


def whoami(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    return {"visitor": visitor.get()}


def test_jobs_run_as_the_visitor_who_submitted_them(tmp_path: Path) -> None:
    settings, kinds = settings_for(tmp_path, workers=2), {"who": Kind(Trial, whoami)}
    jobs = VisitorsJobs(settings, kinds, runner(settings, None, kinds))
    jobs.start()
    ids = {}
    for name in ("ana", "luis", "eva"):
        visitor.set(name)
        ids[name] = jobs.submit(asked("who", {}), NOBODY)
    visitor.set("nobody")
    # Under pytest the job's module is another copy of this one or the same; its variable is what counts.
    found = {name: jobs.wait(job_id, 20).result for name, job_id in ids.items()}
    assert found == {name: {"visitor": name} for name in ids}
    assert jobs._contexts == {}
    jobs.close()


def test_the_app_is_launched_by_gradio_with_the_routes_before_it(tmp_path: Path) -> None:
    (tmp_path / "spaces.py").write_text(FAKE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ, "SPACES_ZERO_GPU": "true", "PYTHONPATH": str(tmp_path), "APP_PORT": str(port), "DATA_DIR": str(tmp_path / "data"),
        "TEMP_DIR": str(tmp_path / "temp"),
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        health = json.loads(_answer(process, port, "/api/health"))
        assert health["status"] in {"ready", "degraded"}
        assert b"Reelify" in _answer(process, port, "/")
        assert "/find_highlights" in json.loads(_answer(process, port, "/gradio_api/info"))["named_endpoints"]
        with pytest.raises(urllib.error.HTTPError) as missing:
            _answer(process, port, "/api/status/unknown")
        assert missing.value.code == 404
        assert json.loads(missing.value.read())["error"] == "not_found"
    finally:
        process.terminate()
        process.wait(30)


def _answer(process: subprocess.Popen[bytes], port: int, path: str) -> bytes:
    for _ in range(400):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError:
            raise
        except OSError:
            assert process.poll() is None, "the app ended"
            time.sleep(0.5)
    raise AssertionError("no answer")


def test_nothing_of_it_is_there_without_the_variable() -> None:
    code = "import app, sys; from web import studio; assert not studio.on_zero_gpu(); assert 'spaces' not in sys.modules; assert 'web.space.zero_gpu' not in sys.modules"
    environment = {k: v for k, v in os.environ.items() if k != "SPACES_ZERO_GPU"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
