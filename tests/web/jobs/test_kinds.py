"""Every kind of job: its request survives being stored, also by the versions before, and names its files."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import BadRequest
from pipeline.progress import no_report
from pipeline.requests import Request, options_of
from pipeline.settings import Settings
from pipeline.values import Span
from reelify.cut.rewriting import Rewrite
from reelify.folder_request import FolderRequest
from reelify.requests import (
    ChaptersRequest,
    Clip,
    CompileRequest,
    FindRequest,
    HighlightsRequest,
    RankRequest,
    TranscribeRequest,
)
from syncdub.requests import AnalyseRequest, BatchRequest, Nudge, SyncRequest, Together
from web.jobs.kinds import KINDS, Unreadable, request_of, run_job
from web.jobs.queue import Jobs
from web.jobs.values import NOBODY

FILM, DUB = Path("/films/a.mkv"), Path("/films/b.mkv")
PAIR: dict[str, Any] = {"original": FILM, "dub": DUB}
SAMPLES: tuple[Request, ...] = (
    HighlightsRequest(FILM, 5, 3.0, 9.5, True, False, False, language="es", fetch={str(FILM): "https://example.com/a"}),
    RankRequest(
        (Clip(FILM, Span(1.0, 2.5), "ñ"), Clip(DUB)), 0.5, True, "es", aspect="9:16", hook="¡Mira!", interface="es"
    ),
    TranscribeRequest(FILM, language="en", track="2"),
    CompileRequest(
        (Clip(FILM),), corrections={"tod": "todos"}, texts=(Rewrite(FILM, 1.0, "a", "b"),), card="x", smart=True
    ),
    AnalyseRequest(**PAIR, original_stream=1, follow="picture", quick=True, name="dos", names={str(FILM): "a.mkv"}),
    SyncRequest(
        **PAIR,
        plan=Path("/j/plan.json"),
        plan_job="1",
        nudges=(Nudge(-40.0), Nudge(7.0, 2)),
        subtitles=(Path("/s.srt"),),
        batch="2",
    ),
    FindRequest((FILM, DUB), query="risas", count=3, language="es"),
    ChaptersRequest(FILM, language="en", track="2"),
    FolderRequest(videos=(FILM, DUB), asks={"clips": 3}, names={str(FILM): "show/a.mkv"}),
    BatchRequest(
        films=(FILM,),
        dubs=((DUB,),),
        pairs=(Together(original=FILM, dubs=((DUB,),)),),
        asks={"quick": True},
        by="names",
        naming="{title}",
        dry_run=True,
        notify="https://example.com/done",
    ),
)
OLDER: tuple[tuple[str, dict[str, Any], Request], ...] = (
    ("highlights", {"source": "/films/a.mkv", "name": "a.mkv", "clips": 5, "language": "auto", "min_duration": 3},
     HighlightsRequest(FILM, 5, 3.0, names={str(FILM): "a.mkv"})),
    ("highlights", {"source": "/films/a.mkv", "clips": 8, "min_duration": 15, "max_duration": 60, "transcribe": False, "fast": True,
                    "fetch": {"/films/a.mkv": "https://example.com/a"}},
     HighlightsRequest(FILM, 8, 15.0, 60.0, True, False, fetch={str(FILM): "https://example.com/a"})),
    ("rank", {"clips": [{"path": "/films/a.mkv", "name": "a", "url": "/clips/raw/x.mp4"}], "all": True, "language": "es"},
     RankRequest((Clip(FILM, title="a"),), all=True, language="es", names={str(FILM): "/clips/raw/x.mp4"})),
    ("rank", {"clips": [{"source": "/films/a.mkv", "start": 1, "end": 2.5, "name": "ñ"}], "expected": "en", "language": "auto",
              "min_score": 0.3, "all": False, "aspect": "9:16", "framing": "bars", "captions": True, "hook": "", "card": "no"},
     RankRequest((Clip(FILM, Span(1.0, 2.5), "ñ"),), 0.3, expected="en", aspect="9:16", framing="bars", captions=True)),
    ("transcribe", {"source": "/films/a.mkv", "language": ""}, TranscribeRequest(FILM)),
    ("transcribe", {"source": "/films/a.mkv", "stream": 1}, TranscribeRequest(FILM, track="2")),
    ("compile", {"clips": [{"source": "/films/a.mkv", "start": 1, "end": 2}], "texts": [{"source": "/films/a.mkv", "start": 1.0,
                 "heard": "a", "text": "b"}], "smart": True, "corrections": {}},
     CompileRequest((Clip(FILM, Span(1.0, 2.0)),), smart=True, texts=(Rewrite(FILM, 1.0, "a", "b"),))),
    ("analyse", {"original": "/films/a.mkv", "dub": "/films/b.mkv", "original_name": "a", "dub_name": "b", "quick": True, "fill": "bed"},
     AnalyseRequest(**PAIR, quick=True, names={str(FILM): "a", str(DUB): "b"})),
    ("sync", {"original": "/films/a.mkv", "dub": "/films/b.mkv", "plan": "/j/plan.json", "plan_job": "1", "interface": "es",
              "nudges": [{"segment": -1, "ms": -40}, {"ms": 7.0, "segment": 2}], "fill": "bed", "codec": "aac", "name": "x"},
     SyncRequest(**PAIR, plan=Path("/j/plan.json"), plan_job="1", interface="es", nudges=(Nudge(-40.0), Nudge(7.0, 2)), fill="bed",
                 codec="aac", name="x")),
    ("find", {"sources": ["/films/a.mkv"], "query": "gratis"}, FindRequest((FILM,), query="gratis")),
    ("chapters", {"source": "/films/a.mkv"}, ChaptersRequest(FILM)),
    ("folder", {"videos": ["/films/a.mkv"], "asks": {"min_score": 0.2}, "rank": True},
     FolderRequest(videos=(FILM,), asks={"min_score": 0.2}, rank=True)),
    ("batch", {"films": ["/films/a.mkv"], "dubs": [["/films/b.mkv"]], "asks": {"codec": "aac"}},
     BatchRequest(films=(FILM,), dubs=((DUB,),), asks={"codec": "aac"})),
)  # fmt: skip


def test_there_is_a_sample_of_every_kind() -> None:
    assert {s.kind for s in SAMPLES} == set(KINDS) == {kind for kind, _, _ in OLDER}
    assert all(type(s) is KINDS[s.kind].request for s in SAMPLES)


@pytest.mark.parametrize("request_", SAMPLES, ids=lambda r: str(r.kind))
def test_a_stored_request_is_read_as_it_was(request_: Request) -> None:
    assert request_of(KINDS, request_.kind, json.loads(json.dumps(request_.to_json()))) == request_


@pytest.mark.parametrize(("kind", "row", "wanted"), OLDER)
def test_rows_of_the_version_before_are_read(kind: str, row: dict[str, Any], wanted: Request) -> None:
    assert request_of(KINDS, kind, row) == wanted


@pytest.mark.parametrize("request_", SAMPLES, ids=lambda r: str(r.kind))
def test_every_file_of_a_request_can_be_somewhere_else(request_: Request) -> None:
    assert str(FILM) in request_.files()
    moved = request_.with_files(lambda path: Path("/elsewhere") / path.name)
    assert "/films/" not in json.dumps({k: v for k, v in moved.to_json().items() if k not in ("names", "fetch")})
    assert len(moved.files()) == len(request_.files())


def test_every_parameter_says_what_it_does_and_has_a_default_of_its_own() -> None:
    for kind in KINDS.values():
        names = {f.name for f in fields(kind.request)}  # type: ignore[arg-type]
        for parameter in options_of(kind.request):
            assert parameter.name in names
            assert len(parameter.option.help) > 5


def test_a_row_that_cannot_be_read_hurts_nobody(tmp_path: Path) -> None:
    jobs = Jobs(Settings(data_dir=tmp_path), KINDS, lambda *_: {})
    good = jobs.submit(TranscribeRequest(FILM), NOBODY)
    bad = [jobs.submit(TranscribeRequest(FILM), NOBODY) for _ in range(3)]
    with sqlite3.connect(tmp_path / "jobs.sqlite3") as db:
        db.execute("UPDATE jobs SET kind = 'gone' WHERE id = ?", (bad[0],))
        db.execute("""UPDATE jobs SET params = '{"source": 7}' WHERE id = ?""", (bad[1],))
        db.execute("""UPDATE jobs SET params = '[1]' WHERE id = ?""", (bad[2],))
    listed = {job.id: job for job in jobs.list()}
    assert listed[good].request == TranscribeRequest(FILM)
    assert all(isinstance(listed[i].request, Unreadable) for i in bad)
    assert jobs.files_in_use() == {str(FILM)}
    jobs.close()
    with pytest.raises(BadRequest):
        run_job(listed[bad[0]].request, tmp_path, no_report, object())
