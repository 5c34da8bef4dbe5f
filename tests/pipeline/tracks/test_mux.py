"""The finished file: the original untouched, the dub where it belongs, everything carried, nothing half-written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import BadRequest, DiskFull, Forbidden, NotFound, UnsupportedFormat
from pipeline.media import decode
from pipeline.media.languages import bcp47, iso639_2, own_name
from pipeline.media.probe import probe
from pipeline.settings import Settings
from pipeline.tracks.mux import check_output
from pipeline.values import Span
from syncdub.requests import SyncRequest
from syncdub.workflow import SyncResult, execute
from tests.dubbing import RATE, Prober, film, packets, pictures, plan, sound, with_pictures, write


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("film"), sound(24, 7))


@pytest.fixture
def engine(tmp_path: Path) -> Prober:
    return Prober(Settings(temp_dir=tmp_path / "work"))


def made(engine: Prober, original: Path, dub: Path, out: Path, ordered: Any, **options: Any) -> SyncResult:
    return execute(
        engine, ordered, SyncRequest(original=original, dub=dub, output=out, language="es", interface="es", **options)
    )


def test_a_late_dub_is_copied_and_the_original_is_untouched(engine: Prober, original: Path, tmp_path: Path) -> None:
    dub = write(tmp_path / "-dub 'ñ' \"x\".mka", sound(24, 7)[:, round(1.25 * RATE) :])
    out = tmp_path / "-película «ñ».mkv"
    result = made(engine, original, dub, out, plan((0, 22.75, 1.25, 1.0)))
    assert result.copied
    assert packets(out, "video") == packets(original, "video")
    assert packets(out, "audio") == packets(original, "audio")
    assert [data for _, data in packets(out, "audio", 1)] == [data for _, data in packets(dub, "audio")]
    assert packets(out, "audio", 1)[0][0] == 1.25
    assert result.residual is not None
    assert result.residual.method == "shared_sound"
    assert result.residual.p95 is not None
    assert result.residual.p95 < 2
    assert not list(tmp_path.glob("*.part"))


def test_tags_flags_chapters_subtitles_and_attachments(engine: Prober, original: Path, tmp_path: Path) -> None:
    dub = write(tmp_path / "dub.mka", sound(24, 7)[:, round(1.25 * RATE) :])
    out = tmp_path / "out.mkv"
    made(engine, original, dub, out, plan((0, 22.75, 1.25, 1.0)))
    info = probe(out)
    assert [(a.language, a.title, a.default) for a in info.audio] == [
        ("eng", "", True),
        ("spa", "Español (sincronizado +1,250 s)", False),
    ]
    assert info.n_chapters == 2
    assert [o.kind for o in info.others] == ["subtitle", "attachment"]
    assert packets(out, "subtitles") == packets(original, "subtitles")


def test_an_early_dub_loses_at_most_a_packet_and_the_picture_stays(
    engine: Prober, original: Path, tmp_path: Path
) -> None:
    whole = sound(26, 7)
    dub = write(tmp_path / "dub.mka", whole)
    base = film(tmp_path, whole[:, 2 * RATE :], "later.mkv")
    out = tmp_path / "out.mkv"
    result = made(engine, base, dub, out, plan((2, 26, 0.0, 1.0)))
    assert result.copied
    assert packets(out, "video") == packets(base, "video")
    assert 0 <= packets(out, "audio", 1)[0][0] < 0.1
    assert result.execution is not None
    assert result.execution.bias is not None
    assert abs(result.execution.bias) < 1


def test_a_cut_is_edited_and_the_gap_is_silent_or_the_originals(engine: Prober, original: Path, tmp_path: Path) -> None:
    whole = sound(24, 7)
    import numpy as np

    dub = write(tmp_path / "dub.mka", np.concatenate([whole[:, : 8 * RATE], whole[:, 12 * RATE :]], axis=1))
    ordered = plan((0, 8, 0.0, 1.0), (8, 20, 12.0, 1.0))
    for fill, loud in (("silence", False), ("original", True)):
        out = tmp_path / f"{fill}.mkv"
        result = made(engine, original, dub, out, ordered, fill=fill)
        assert not result.copied
        gap = decode.load_audio(out, stream=1, span=Span(8.5, 11.5)).samples
        assert bool((gap**2).mean() > 1e-5) is loud
        assert result.residual is not None
        assert result.residual.p95 is not None
        assert result.residual.p95 < 2
        assert probe(out).audio[1].codec == "flac"


@pytest.mark.parametrize(
    ("codec", "layout", "channels"), [("eac3", "5.1", 6), ("aac", "5.0", 5), ("flac", "5.1(side)", 6)]
)
def test_channels_are_kept_whatever_the_codec(
    engine: Prober, original: Path, tmp_path: Path, codec: str, layout: str, channels: int
) -> None:
    dub = write(tmp_path / "dub.mka", sound(12, 7, channels), layout)
    result = made(engine, original, dub, tmp_path / "o.mkv", plan((0, 5, 0.0, 1.0), (6, 12, 6.5, 1.0)), codec=codec)
    stream = probe(tmp_path / "o.mkv").audio[1]
    assert (stream.codec, stream.channels, stream.rate) == (codec, channels, RATE)
    assert result.execution is not None
    assert result.execution.p95 is not None
    assert result.execution.p95 < 2


def test_a_codec_that_would_mix_down_is_refused(engine: Prober, original: Path, tmp_path: Path) -> None:
    dub = write(tmp_path / "dub.mka", sound(6, 7, 7), "6.1")
    with pytest.raises(UnsupportedFormat) as caught:
        made(engine, original, dub, tmp_path / "o.mkv", plan((0, 2, 0.0, 1.0), (3, 6, 4.0, 1.0)), codec="eac3")
    assert caught.value.message.code == "error.codec_cannot_hold"
    assert not (tmp_path / "o.mkv").exists()


def test_the_dubs_subtitles_come_along_on_the_new_clock(engine: Prober, original: Path, tmp_path: Path) -> None:
    dub = film(tmp_path, sound(24, 7), "dub.mkv")
    out = tmp_path / "o.mkv"
    made(engine, original, dub, out, plan((0, 22, 1.5, 1.0)))
    assert packets(out, "subtitles", 1)[0] == (3.5, b"hello")


def test_picture_subtitles_are_copied_and_those_of_the_dub_follow_the_map(
    engine: Prober, original: Path, tmp_path: Path
) -> None:
    shown = pictures(tmp_path / "s.sup", [(3, 5), (9, 10)])
    base = with_pictures(original, shown, tmp_path / "base.mkv")
    dub = with_pictures(write(tmp_path / "d.mka", sound(24, 7)), shown, tmp_path / "dub.mkv")
    shifted = made(engine, base, dub, tmp_path / "shifted.mkv", plan((0, 22, 1.5, 1.0)))
    assert packets(tmp_path / "shifted.mkv", "subtitles", 1) == packets(base, "subtitles", 1)
    times = [t + 1.5 for t, _ in packets(dub, "subtitles")]
    assert [t for t, _ in packets(tmp_path / "shifted.mkv", "subtitles", 2)] == times
    assert packets(tmp_path / "shifted.mkv", "video") == packets(base, "video")
    assert not [d for d in shifted.doubts if d.code == "doubt.subtitles_left_out"]
    assert [t for t, _ in packets(dub, "subtitles")] == [0, 2, 6, 7]
    ways = {
        "cut": (plan((0, 5, 0.0, 1.0), (5, 16, 12.0, 1.0)), [0, 2, 13, 14]),
        "early": (plan((1, 24, 0.0, 1.0)), [0, 1, 5, 6]),
    }
    for name, (other, wanted) in ways.items():
        moved = made(engine, base, dub, tmp_path / f"{name}.mkv", other)
        assert not [d for d in moved.doubts if d.code.startswith("doubt.subtitle")]
        assert [t for t, _ in packets(tmp_path / f"{name}.mkv", "subtitles", 2)] == pytest.approx(wanted, abs=0.002)
    lost = made(engine, base, dub, tmp_path / "lost.mkv", plan((0, 5, 0.0, 1.0)))
    assert [d.values for d in lost.doubts if d.code == "doubt.subtitle_pictures_dropped"] == [{"dropped": 1, "kept": 1}]


def test_an_original_without_picture(engine: Prober, tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.mka", sound(24, 7)), write(tmp_path / "b.mka", sound(24, 7)[:, RATE:])
    out = tmp_path / "o.mka"
    result = made(engine, first, second, out, plan((0, 23, 1.0, 1.0)))
    assert len(probe(out).audio) == 2
    assert result.residual is not None
    assert result.residual.p95 is not None
    assert result.residual.p95 < 2


def test_a_plan_that_is_refused_writes_nothing(engine: Prober, original: Path, tmp_path: Path) -> None:
    from syncdub.values import SyncPlan

    result = made(engine, original, original, tmp_path / "o.mkv", SyncPlan("refuse", 1.0))
    assert result.refused
    assert not (tmp_path / "o.mkv").exists()


def test_places_that_cannot_be_written(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRequest, match="one of the inputs"):
        check_output(original, (original,))
    with pytest.raises(BadRequest):
        check_output(tmp_path / "x.mp4", ())
    with pytest.raises(NotFound):
        check_output(tmp_path / "no" / "x.mkv", ())
    with pytest.raises(Forbidden):
        check_output(Path("/proc/x.mkv"), ())
    (tmp_path / "d.mkv").mkdir()
    with pytest.raises(BadRequest):
        check_output(tmp_path / "d.mkv", ())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))  # type: ignore[attr-defined]
    with pytest.raises(DiskFull):
        check_output(tmp_path / "x.mkv", (), 1000)


def test_language_names() -> None:
    assert [iso639_2(t) for t in ("es", "es-MX", "deu", "fr_FR", "", "klingon")] == [
        "spa",
        "spa",
        "ger",
        "fre",
        "und",
        "und",
    ]
    assert own_name("spa") == "Español"
    assert bcp47("por-BR") == "pt-BR"
