"""What becomes of a film's streams: covers stay covers, disc PCM stays every sample, what cannot be held is known at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import UnsupportedFormat
from pipeline.media import ffmpeg
from pipeline.media.container import opened
from pipeline.media.probe import probe
from pipeline.settings import Settings
from pipeline.tracks import carriage as module
from pipeline.tracks.carriage import carriage, is_cover
from syncdub.requests import SyncRequest
from syncdub.workflow import SyncResult, execute, sync
from tests.dubbing import RATE, Prober, film, packets, plan, sound, write

SECONDS = 12


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("film"), sound(SECONDS, 7))


@pytest.fixture(scope="module")
def dub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("dub") / "dub.mka", sound(SECONDS, 7)[:, RATE:])


def made(tmp_path: Path, base: Path, dub: Path) -> SyncResult:
    order = SyncRequest(original=base, dub=dub, output=tmp_path / "o.mkv", language="es")
    return execute(Prober(Settings(temp_dir=tmp_path / "w")), plan((0, SECONDS - 1, 1.0, 1.0)), order)


def ff(*args: object) -> None:
    ffmpeg.run(["-loglevel", "error", *map(str, args)])


def samples(path: Path) -> bytes:
    return ffmpeg.capture(["-i", str(path), "-map", "0:a:0", "-f", "s32le", "-"])


def covers(path: Path) -> list[tuple[str, bytes]]:
    with opened(path) as container:
        art = [s for s in container.streams if is_cover(s)]
        return [(s.metadata.get("filename", ""), bytes(next(p for p in container.demux(s) if p.size))) for s in art]


@pytest.mark.parametrize("kind", ["mkv", "mp4"])
def test_a_cover_stays_a_cover(tmp_path: Path, original: Path, dub: Path, kind: str) -> None:
    picture, base = tmp_path / "small_cover.jpg", tmp_path / f"base.{kind}"
    ff("-f", "lavfi", "-i", "testsrc=s=60x90", "-frames:v", 1, picture)
    if kind == "mkv":
        named = ("-metadata:s:t:1", "mimetype=image/jpeg", "-metadata:s:t:1", "filename=small_cover.jpg")
        ff("-i", original, "-map", 0, "-c", "copy", "-attach", picture, *named, base)
    else:
        plain = ("-map", "0:v", "-map", "0:a", "-map", 1, "-c:v:0", "copy", "-c:a", "aac", "-c:v:1", "mjpeg")
        ff("-i", original, "-i", picture, *plain, "-disposition:v:1", "attached_pic", base)
    result = made(tmp_path, base, dub)
    assert result.output is not None
    assert [data for _, data in covers(result.output)] == [data for _, data in covers(base)]
    assert covers(result.output)[0][0] == ("small_cover.jpg" if kind == "mkv" else "cover.jpg")
    with opened(result.output) as container:
        assert sum(s.type == "video" and not is_cover(s) for s in container.streams) == 1


@pytest.mark.parametrize(
    ("name", "codec", "form"),
    [("b.m2ts", "pcm_bluray", "s16"), ("b.m2ts", "pcm_bluray", "s32"), ("d.vob", "pcm_dvd", "s16")],
)
def test_disc_pcm_keeps_every_sample_and_says_so(
    tmp_path: Path, original: Path, dub: Path, name: str, codec: str, form: str
) -> None:
    base = tmp_path / name
    muxer = ("-f", "mpegts", "-mpegts_m2ts_mode", 1) if name.endswith("m2ts") else ("-f", "vob")
    ff(
        "-i",
        original,
        "-map",
        "0:v",
        "-map",
        "0:a",
        "-c:v",
        "mpeg2video",
        "-c:a",
        codec,
        "-sample_fmt",
        form,
        *muxer,
        base,
    )
    result = made(tmp_path, base, dub)
    assert result.output is not None
    assert samples(result.output) == samples(base)
    assert [d.values["codec"] for d in result.doubts if d.code == "doubt.stream_converted"] == [codec]


def test_a_picture_that_matroska_cannot_hold_is_refused_before_anything_is_done(
    tmp_path: Path, original: Path, dub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_held", lambda stream: stream.type != "video")
    monkeypatch.setattr(module, "_rehearsed", lambda path, index: False)
    engine = object()  # whatever is asked of it would fail
    with pytest.raises(UnsupportedFormat) as caught:
        sync(engine, SyncRequest(original=original, dub=dub, output=tmp_path / "o.mkv"))  # type: ignore[arg-type]
    assert caught.value.message.code == "error.matroska_cannot_hold"


def test_every_stream_has_a_way(original: Path) -> None:
    assert [(c.kind, c.how) for c in carriage(original)] == [
        ("v", "copied"), ("a", "copied"), ("s", "copied"), ("t", "copied")
    ]  # fmt: skip


def test_flags_and_fonts_of_the_dubs_subtitles_come_along(tmp_path: Path, original: Path, dub: Path) -> None:
    forced, signs, font, rich = (tmp_path / n for n in ("f.srt", "s.ass", "Sign.ttf", "rich.mkv"))
    forced.write_text("1\n00:00:02,000 --> 00:00:04,000\nPROHIBIDO\n", encoding="utf-8")
    signs.write_text("[Script Info]\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
                     "Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,Cartel\n", encoding="utf-8")  # fmt: skip
    font.write_bytes(bytes(200))
    named = ("-metadata:s:t", "mimetype=application/x-truetype-font", "-metadata:s:t", "filename=Sign.ttf")
    flags = ("-disposition:s:0", "+forced+default", "-disposition:s:1", "+hearing_impaired")
    ff("-i", dub, "-i", forced, "-i", signs, "-map", 0, "-map", 1, "-map", 2, "-c", "copy", "-c:s:0", "srt", "-c:s:1", "ass",
       *flags, "-metadata:s:s:0", "language=spa", "-attach", font, *named, rich)  # fmt: skip
    result = made(tmp_path, original, rich)
    assert result.output is not None
    others = probe(result.output).others
    new = [o for o in others if o.kind == "subtitle"][-2:]
    assert [(o.forced, set(o.flags) & {"default", "hearing_impaired"}) for o in new] == [
        (True, {"default"}),
        (False, {"hearing_impaired"}),
    ]
    with opened(result.output) as container:
        attached = [s.metadata.get("filename") for s in container.streams if s.type == "attachment"]
    assert "Sign.ttf" in attached


def test_subtitles_in_an_old_encoding_are_read_by_their_language_or_left_out_with_a_word(
    tmp_path: Path, original: Path, dub: Path
) -> None:
    told = tmp_path / "hebrew.srt"
    told.write_bytes("1\n00:00:03,000 --> 00:00:05,000\nשלום עולם\n".encode("cp1255"))
    for language, codes in (("he", []), ("", ["doubt.subtitle_encoding"])):
        order = SyncRequest(
            original=original, dub=dub, output=tmp_path / f"{language or 'x'}.mkv", language=language, subtitles=(told,)
        )
        result = execute(Prober(Settings(temp_dir=tmp_path / "w")), plan((0, SECONDS - 1, 1.0, 1.0)), order)
        assert result.output is not None
        assert [d.code for d in result.doubts if d.code == "doubt.subtitle_encoding"] == codes
        if not codes:
            assert packets(result.output, "subtitles", 1)[0] == (4.0, "שלום עולם".encode())


def test_what_was_heard_becomes_the_tag_of_a_track_that_says_nothing(tmp_path: Path, dub: Path) -> None:
    base = write(tmp_path / "film.mka", sound(SECONDS, 7))
    order = SyncRequest(original=base, dub=dub, output=tmp_path / "o.mkv", name="The Film")
    ordered = replace(plan((0, SECONDS - 1, 1.0, 1.0)), languages=("en", "es"))
    result = execute(Prober(Settings(temp_dir=tmp_path / "w")), ordered, order)
    assert (result.language, [d.code for d in result.doubts]) == ("es", ["doubt.filled.silence"])
    assert [a.language for a in probe(tmp_path / "o.mkv").audio] == ["eng", "spa"]
    with opened(tmp_path / "o.mkv") as container:
        assert container.metadata["title"] == "The Film"


def test_a_stream_that_is_announced_and_never_comes_is_told_and_does_no_harm(
    tmp_path: Path, original: Path, dub: Path
) -> None:
    base = tmp_path / "truehd.m2ts"
    ff(
        "-i",
        original,
        "-map",
        "0:v",
        "-map",
        "0:a",
        "-c:v",
        "copy",
        "-c:a",
        "truehd",
        "-strict",
        -2,
        "-mpegts_m2ts_mode",
        1,
        base,
    )
    assert [c.how for c in carriage(base)] == ["copied", "copied", "empty"]
    result = made(tmp_path, base, dub)
    assert "doubt.stream_empty" in {d.code for d in result.doubts}
