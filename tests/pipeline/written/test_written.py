"""Subtitles of other people as transcripts: every form, words on the sound, and what is not believed."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.engine import Engine
from pipeline.errors import BadRequest
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.settings import Settings
from pipeline.values import Sentence, Transcript, Word
from pipeline.written import written as there
from pipeline.written.placing import STEP, agreement, words_of_lines
from pipeline.written.reading import Line, lines_of
from pipeline.written.spelling import spelled

SRT = "1\n00:00:01,000 --> 00:00:02,500\n<i>- ¿Qué pasa, niño?</i>\n\n2\n00:00:03,000 --> 00:00:04,000\n[risas] ANA: Nada.\n"
VTT = "WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:02.500 align:start\n<v Ana>¿Qué pasa, <c>niño</c>?\n\n00:03.000 --> 00:04.000\nNada.\n"
ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\an8}¿Qué pasa,\\N niño?\nDialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,Nada.\n"
    "Comment: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,no\n"
)
TTML = (
    '<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="00:00:01.000" end="00:00:02.500">¿Qué pasa,<br/>niño?</p>'
    '<p begin="00:00:03.000" end="00:00:04.000">Nada.</p></div></body></tt>'
)
JSON = json.dumps([{"start": 1.0, "end": 2.5, "text": "¿Qué pasa, niño?"}, {"start": 3, "end": 4, "text": "Nada."}])
JSON3 = json.dumps({"events": [
    {"tStartMs": 1000, "dDurationMs": 1500, "segs": [{"utf8": "¿Qué pasa,"}, {"utf8": " niño?"}]},
    {"tStartMs": 2500, "dDurationMs": 500}, {"tStartMs": 3000, "dDurationMs": 1000, "segs": [{"utf8": "Nada."}]},
]})  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize(
    ("suffix", "text"),
    [(".srt", SRT), (".vtt", VTT), (".ass", ASS), (".ttml", TTML), (".json", JSON), (".json3", JSON3)],
)
def test_every_form_says_the_same(suffix: str, text: str, encoding: str) -> None:
    found = lines_of(text.encode(encoding), suffix, "es", "x")
    assert [(line.start, line.end, line.text) for line in found] == [
        (1.0, 2.5, "¿Qué pasa, niño?"),
        (3.0, 4.0, "Nada."),
    ]


@pytest.mark.parametrize(("suffix", "data"), [(".srt", b""), (".srt", b"\x00\xff" * 50), (".json", b"{"), (".json", b"[1]"), (".ttml", b"<tt>"), (".vtt", b"hello")])  # fmt: skip
def test_what_cannot_be_read_is_said(suffix: str, data: bytes) -> None:
    with pytest.raises(BadRequest):
        lines_of(data, suffix, "", "broken")


def test_captions_that_roll_up_are_said_once() -> None:
    rolling = "".join(
        f"{n}\n00:00:0{n},000 --> 00:00:0{n + 1},000\n{text}\n\n"
        for n, text in enumerate(("so this is", "so this is how it goes", "how it goes today"), 1)
    )
    assert " ".join(line.text for line in lines_of(rolling.encode(), ".srt")) == "so this is how it goes today"


def heard(spans: list[tuple[float, float]], seconds: float) -> np.ndarray:
    voice = np.zeros(int(seconds / STEP) + 1, np.float32)
    for a, b in spans:
        voice[int(a / STEP) : int(b / STEP)] = 0.95
    return voice


def test_words_begin_where_sound_begins_and_pauses_go_between_them() -> None:
    voice = heard([(1.2, 2.0), (2.6, 3.4)], 5.0)
    words = words_of_lines([Line(1.0, 3.6, "Uno dos tres, cuatro cinco seis")], voice, "es")
    assert words[0].start == pytest.approx(1.2, abs=0.05)
    assert words[2].end == pytest.approx(2.0, abs=0.06)
    assert words[3].start == pytest.approx(2.6, abs=0.06)
    assert words[-1].end == pytest.approx(3.4, abs=0.3)
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(words))


def test_subtitles_of_another_cut_do_not_agree() -> None:
    chance = np.random.default_rng(3)
    starts = np.cumsum(chance.uniform(2.0, 6.0, 60))
    spans = [(float(s), float(s + chance.uniform(0.8, 1.8))) for s in starts]
    lines = [Line(a, b, "x") for a, b in spans]
    voice = heard(spans, spans[-1][1] + 5)
    good, late = agreement(lines, voice)
    assert good > 0.9
    assert late == 0.0
    moved, late = agreement([Line(line.start + 8, line.end + 8, "x") for line in lines], voice)
    assert moved < there.BELIEVED
    assert late == pytest.approx(-8.0, abs=0.1)


def said(*words: tuple[str, float]) -> Transcript:
    found = tuple(Word(float(n), n + 0.9, text, p) for n, (text, p) in enumerate(words))
    return Transcript("es", 9.0, (Sentence(0.0, 9.0, " ".join(w.text for w in found), found),))


def test_names_are_written_as_their_owner_does() -> None:
    heard_so = said(
        ("Uso", 0.9), ("cuber", 0.4), ("netis,", 0.5), ("con", 0.99), ("Caoutxuk", 0.6), ("y", 0.9), ("casa.", 0.5)
    )
    found = spelled(heard_so, ("Kubernetes", "Kauchuk"))
    assert found.text == "Uso Kubernetes, con Kauchuk y casa."
    assert (found.sentences[0].words[1].start, found.sentences[0].words[1].end) == (1.0, 2.9)
    sure = said(("Uso", 1.0), ("cubierta", 1.0))
    assert spelled(sure, ("Kubernetes", "Uso")) == sure
    assert spelled(heard_so, ()) == heard_so


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds with a track of subtitles inside."""
    folder = tmp_path_factory.mktemp("written")
    (folder / "s.srt").write_text(SRT, encoding="utf-8")
    path = folder / "film.mkv"
    source = [
        "-f",
        "lavfi",
        "-i",
        "anoisesrc=d=5:a=0.1",
        "-i",
        str(folder / "s.srt"),
        "-map",
        "0",
        "-map",
        "1",
        "-c:a",
        "aac",
        "-c:s",
        "srt",
    ]
    tags = ["-metadata:s:a:0", "language=spa", "-metadata:s:s:0", "language=spa"]
    ffmpeg.run([*source, *tags, str(path)])
    return path


def at_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(there, "_voice", lambda info, stream: heard([(1.0, 2.5), (3.0, 4.0)], 5.0))


def test_a_track_inside_and_a_file_beside_are_found(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_lines(monkeypatch)
    found = there.written(probe(film), 0, None)
    assert found is not None
    assert (found.language, found.text) == ("es", "¿Qué pasa, niño? Nada.")
    assert there.written(probe(film), 0, "en") is None
    beside = film.with_suffix(".es.vtt")
    beside.write_text(VTT.replace("Nada.", "Todo."), encoding="utf-8")
    found = there.written(probe(film), 0, "es")
    assert found is not None
    assert found.text.endswith("Todo.")
    assert there.candidates(probe(film), None)[0] == str(beside)
    beside.unlink()


def test_what_lies_elsewhere_is_left_alone_unless_it_was_given(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(there, "_voice", lambda info, stream: heard([(0.0, 0.9), (2.6, 2.9), (4.2, 4.9)], 5.0))
    assert there.written(probe(film), 0, "es") is None
    given = film.with_name("other.srt")
    given.write_text(SRT, encoding="utf-8")
    found = there.written(probe(film), 0, "es", given)
    assert found is not None
    assert "doubt.subtitles_elsewhere" in [d.code for d in found.doubts]


def test_the_engine_asks_no_recogniser_where_it_is_written(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_the_lines(monkeypatch)
    nobody = tmp_path / "models"
    settings = Settings.from_env({"DATA_DIR": str(tmp_path), "MODELS_DIR": str(nobody)})
    engine = Engine(settings)
    assert engine.transcript(film).text == "¿Qué pasa, niño? Nada."
    given = film.with_name("corrected.srt")
    given.write_text(SRT.replace("Nada", "Todo"), encoding="utf-8")
    assert engine.transcript(film, given=given).text.endswith("Todo.")
