"""Whole jobs on the files that ship: highlights, ranking and cutting, with real models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.engine import Engine
from pipeline.errors import BadRequest, Cancelled
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.messages import Message
from pipeline.settings import Settings
from pipeline.values import Span
from reelify.compile_workflow import compile_clip
from reelify.cut.rewriting import Rewrite
from reelify.highlights_workflow import highlights
from reelify.rank_workflow import rank_clips, score_words
from reelify.requests import Clip, CompileRequest, HighlightsRequest, RankRequest
from tests import odd_media

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "assets" / "examples"
FILMS = EXAMPLES / "highlights_short_films.mp4"
TALKS = [EXAMPLES / f"viral_{n}.mp4" for n in (1, 2, 3)]
pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    data = tmp_path_factory.mktemp("data")
    return Engine(
        Settings.from_env({"DATA_DIR": str(data), "MODELS_DIR": str(data / "models"), "TEMP_DIR": str(data / "temp")})
    )


def test_highlights_of_a_film_are_rendered_with_reasons(engine: Engine, tmp_path: Path) -> None:
    request = HighlightsRequest(FILMS, clips=3, out=tmp_path, transcribe=False)
    result = highlights(engine, request)
    clips = result.highlights.clips
    assert 1 <= len(clips) <= 3
    assert [c.score for c in clips] == sorted((c.score for c in clips), reverse=True)
    for clip, path in zip(clips, result.paths, strict=True):
        assert clip.reasons
        assert all(0 <= value <= 1 for value in clip.parts.values())
        assert 15 - 0.1 <= clip.duration <= 180
        assert path is not None
        assert probe(path).duration == pytest.approx(clip.duration, abs=0.15)
    assert highlights(engine, request).highlights.clips == clips
    assert not list(tmp_path.glob("*.part*"))


def test_where_the_person_stops_nothing_is_left(engine: Engine, tmp_path: Path) -> None:
    def stop(fraction: float, what: Message) -> None:
        if what.code == "progress.clips":
            raise Cancelled

    with pytest.raises(Cancelled):
        highlights(engine, HighlightsRequest(FILMS, clips=2, out=tmp_path, transcribe=False), stop)
    assert not list(tmp_path.glob("*.mp4"))


def test_clips_are_ranked_by_what_is_said_and_one_bad_one_hurts_nobody(engine: Engine, tmp_path: Path) -> None:
    broken = tmp_path / "broken ñ.mp4"
    broken.write_text("no video")
    clips = (*(Clip(t) for t in TALKS), Clip(broken), Clip(tmp_path / "missing.mp4"))
    so_far: list[tuple[int, int]] = []
    result = rank_clips(
        engine, RankRequest(clips, all=True, out=tmp_path / "out"),
        on_judged=lambda found: so_far.append((len(found.clips), len(found.skipped))),
    )  # fmt: skip
    assert so_far == [*((n + 1, 0) for n in range(len(TALKS))), (len(TALKS), 1), (len(TALKS), 2)]
    body = result.to_json()
    order = [c.judged.clip.source.name for c in result.clips]
    assert order[-1] == "viral_2.mp4"
    assert {c.place.kept for c in result.clips[:2]} == {True}
    assert [s["error"] for s in body["skipped"]] == ["unreadable_media", "not_found"]
    for clip in body["viral_clips"]:
        assert sum(e["points"] for e in clip["evidence"]) == pytest.approx(clip["viral_score"], abs=0.01)
        assert Path(clip["srt"]).read_text(encoding="utf-8").strip()
    gratis = next(c for c in body["viral_clips"] if c["source"].endswith("viral_1.mp4"))
    assert "gratis" in gratis["keywords"]


def test_stretches_of_two_files_become_one_clip(engine: Engine, tmp_path: Path) -> None:
    pieces = (Clip(TALKS[0], Span(0.2, 4.2)), Clip(TALKS[2], Span(1.0, 5.0)))
    result = compile_clip(engine, CompileRequest(pieces, tmp_path))
    assert probe(result.path).duration == pytest.approx(8.0, abs=0.3)
    assert result.exports["edl"].read_text(encoding="utf-8").startswith("TITLE:")
    assert json.loads(result.exports["otio"].read_text(encoding="utf-8"))["OTIO_SCHEMA"].startswith("Timeline")
    with pytest.raises(BadRequest):
        compile_clip(engine, CompileRequest((Clip(TALKS[0], Span(500, 510)),), tmp_path))


def test_a_corrected_sentence_is_in_the_subtitles(engine: Engine, tmp_path: Path) -> None:
    first, *_, last = engine.transcript(TALKS[0]).sentences
    rewrites = tuple(Rewrite(TALKS[0], s.start, s.text, f"{s.text} ¡Ñandú!") for s in (first, last))
    result = compile_clip(engine, CompileRequest((Clip(TALKS[0], first.span),), tmp_path, texts=rewrites))
    assert result.subtitles["srt"].read_text(encoding="utf-8").count("Ñandú") == 1


def test_a_card_comes_first_in_the_size_of_the_clip_and_captions_wait_for_it(engine: Engine, tmp_path: Path) -> None:
    piece = Clip(TALKS[0], Span(0.2, 4.2))
    plain = compile_clip(engine, CompileRequest((piece,), tmp_path, name="plain"))
    result = compile_clip(engine, CompileRequest((piece,), tmp_path, aspect="9:16", card="Lo mejor: año & 'más' %{x}"))
    made, card = probe(result.path), probe(tmp_path / "card.mp4")
    assert made.duration == pytest.approx(6.0, abs=0.1)
    assert made.video
    assert card.video
    assert (made.video.width, made.video.height) == (card.video.width, card.video.height) == (720, 1280)
    times = [r.subtitles["srt"].read_text(encoding="utf-8").splitlines()[1] for r in (plain, result)]
    begins = [float(line[6:12].replace(",", ".")) for line in times]
    assert begins[1] - begins[0] == pytest.approx(2.0, abs=0.05)


def test_a_podcast_is_made_to_be_seen(engine: Engine, tmp_path: Path) -> None:
    sound = tmp_path / "podcast.mp3"
    ffmpeg.run([*ffmpeg.safe_input(TALKS[0]), "-vn", ffmpeg.safe_output(sound)])
    piece = Clip(sound, Span(0.2, 4.2))
    result = compile_clip(engine, CompileRequest((piece,), tmp_path, name="seen", aspect="9:16", captions=True))
    video = probe(result.path).video
    assert result.path.suffix == ".mp4"
    assert video
    assert (video.width, video.height) == (1080, 1920)
    assert result.poster
    heard = compile_clip(engine, CompileRequest((piece,), tmp_path, name="heard"))
    assert heard.path.suffix == ".m4a"
    assert probe(heard.path).video is None


def test_captions_of_nothing_and_another_track_are_said(engine: Engine, tmp_path: Path) -> None:
    tone = odd_media.make("plain", tmp_path)
    result = compile_clip(engine, CompileRequest((Clip(tone),), tmp_path, captions=True))
    assert [d.code for d in result.doubts] == ["doubt.no_captions"]
    assert probe(result.path).video
    two = tmp_path / "two.mkv"
    inputs = [*ffmpeg.safe_input(tone), *ffmpeg.safe_input(TALKS[0])]
    ffmpeg.run(
        [*inputs, "-map", "0:v", "-map", "0:a", "-map", "1:a", "-c", "copy", "-shortest", ffmpeg.safe_output(two)]
    )
    ranked = rank_clips(engine, RankRequest((Clip(two),), all=True, render=False)).to_json()
    (clip,) = ranked["viral_clips"]
    assert clip["transcript"]
    assert "doubt.voice_track_mixed" in [d.code for d in clip["doubts"]]
    ranked = rank_clips(engine, RankRequest((Clip(two),), all=True, render=False, track="1")).to_json()
    assert ranked["viral_clips"][0]["transcript"] == ""
    assert "doubt.track_asked" in [d.code for d in ranked["viral_clips"][0]["doubts"]]
    with pytest.raises(BadRequest):
        compile_clip(engine, CompileRequest((Clip(two),), tmp_path, track="7"))


def test_text_alone_is_scored(engine: Engine) -> None:
    strong = score_words(
        engine, "Nunca se lo había contado a nadie: perdí doce mil euros en una noche, y lo peor vino después.", "es"
    )
    advert = score_words(engine, "Quiero aprovechar este descuento increíble. ¡Cómpralo hoy, es gratis!", "es")
    weak = score_words(engine, "El taller de mañana se ha movido a la sala dos, en la segunda planta.", "es")
    denied = score_words(engine, "No es gratis y no hay ningún descuento.", "es")
    assert strong.total > 0.3 > weak.total
    assert {k.keyword for k in advert.keywords} >= {"quiero", "descuento", "increíble", "gratis"}
    assert strong.total > advert.total > weak.total
    assert denied.keywords == ()
    assert score_words(engine, "", "es").total == 0.0


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["highlights", "/nowhere.mp4", "--json"], 3, "not_found"),
        (["rank"], 2, None),
        (["score", "-", "--language", "es", "--json"], 0, None),
    ],
)
def test_command_line_contract(tmp_path: Path, arguments: list[str], code: int, error: str | None) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reelify", *arguments], cwd=ROOT, input="Es gratis.", capture_output=True, text=True,
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path), "MODELS_DIR": str(tmp_path / "m"), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    if code == 3:
        assert json.loads(done.stdout)["error"] == error
    if code == 0:
        assert json.loads(done.stdout)["keywords"][0]["keyword"] == "gratis"
