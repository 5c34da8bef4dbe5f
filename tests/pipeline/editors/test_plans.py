"""Plans for editors, read again by another library and by rational arithmetic, and compared with our own pictures."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from pipeline.editors import plans
from pipeline.editors.edl import to_edl
from pipeline.editors.fcpxml import to_fcpxml
from pipeline.editors.otio import to_otio
from pipeline.editors.timecode import timecode, timecode_of
from pipeline.editors.values import Handover, Marker, placed
from pipeline.editors.xmeml import to_xmeml
from pipeline.framing.framing import CropPath
from pipeline.media import decode, ffmpeg
from pipeline.media.probe import probe
from pipeline.media.values import AudioStream, MediaInfo, VideoStream
from pipeline.render.options import RenderOptions
from pipeline.render.render import render
from pipeline.values import Cut, Sentence, Span, Timeline, Transcript, Word

RATES = (Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(50), Fraction(60))
PLAN = Timeline((Cut("/m/a ñ.mp4", Span(10.0, 12.0), 0.0), Cut("/m/b.mp4", Span(5.0, 7.0), 3.0, 1.5)), name="Lo mejor")
SAID = Transcript(
    "es", 6.0, (Sentence(0.5, 1.5, "¡Hola & adiós!", (Word(0.5, 0.9, "¡Hola"), Word(1.0, 1.5, "& adiós!"))),)
)


def film(path: str, fps: Fraction, size: tuple[int, int] = (1920, 1080)) -> MediaInfo:
    picture = VideoStream(0, "h264", *size, *size, float(fps))
    return MediaInfo(path, "mov,mp4", 200.0, 1000, picture, (AudioStream(1, "aac", 44100, 2),))


def handed(fps: Fraction, plan: Timeline = PLAN, **more: Any) -> Handover:
    return Handover(plan, fps, media={c.source: film(c.source, fps) for c in plan.cuts}, captions=SAID, **more)


def seconds(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))


@pytest.mark.parametrize(
    ("frame", "expected"),
    # SMPTE 12M: 29.97 skips numbers 00 and 01 of every minute that is no tenth one.
    [(0, "00:00:00;00"), (1799, "00:00:59;29"), (1800, "00:01:00;02"), (17981, "00:09:59;29"), (17982, "00:10:00;00"),
     (107892, "01:00:00;00")],
)  # fmt: skip
def test_drop_frame(frame: int, expected: str) -> None:
    assert timecode(frame * 1001 / 30000, Fraction(30000, 1001)) == expected


def test_drop_frame_counts_every_frame_once() -> None:
    seen = [timecode_of(n, Fraction(30000, 1001)) for n in range(0, 40000)]
    assert len(set(seen)) == len(seen)
    assert seen == sorted(seen)


def test_other_rates_are_not_drop_frame() -> None:
    assert timecode(3600.0, Fraction(25)) == "01:00:00:00"
    assert timecode(1001 / 24000 * 24, Fraction(24000, 1001)) == "00:00:01:00"


def test_edl_says_what_comes_from_where() -> None:
    lines = to_edl(Handover(PLAN, Fraction(25), markers=(Marker(1.0, "Una razón"),))).splitlines()
    assert lines[:2] == ["TITLE: Lo mejor", "FCM: NON-DROP FRAME"]
    assert lines[2].split() == ["001", "AX", "AA/V", "C", "00:00:10:00", "00:00:12:00", "00:00:00:00", "00:00:02:00"]
    assert "* FROM CLIP NAME: a n.mp4" in lines
    assert "* LOC: 00:00:01:00 YELLOW  Una razon" in lines
    assert any(line.startswith("M2") and "016.7" in line for line in lines)


def test_otio_keeps_gaps_speeds_times_and_markers() -> None:
    otio = pytest.importorskip("opentimelineio")
    given = handed(Fraction(25), markers=(Marker(1.0, "why", "because"),))
    assert to_otio(given) == to_otio(given)
    read = otio.adapters.read_from_string(to_otio(given), "otio_json")
    for track in read.tracks:
        clip, gap, slow = list(track)
        assert clip.source_range.start_time.to_seconds() == pytest.approx(10.0)
        assert gap.source_range.duration.to_seconds() == pytest.approx(1.0)
        assert slow.trimmed_range_in_parent().start_time.to_seconds() == pytest.approx(3.0)
        assert slow.effects[0].time_scalar == pytest.approx(1 / 1.5)
    (marker,) = read.tracks[0][0].markers
    assert (marker.name, marker.marked_range.start_time.value) == ("why", 275)


def plans_at_random(chance: random.Random, fps: Fraction) -> Timeline:
    at, cuts = 0.0, []
    for number in range(chance.randint(2, 9)):
        at += chance.choice([0.0, 0.0, chance.uniform(0.1, 2)])
        start = chance.uniform(0, 100)
        cuts.append(Cut(f"/m/{number % 3}.mp4", Span(start, start + chance.uniform(0.5, 9)), at))
        at = cuts[-1].end
    return Timeline(tuple(cuts))


@pytest.mark.parametrize("fps", RATES, ids=lambda f: f"{float(f):.3f}")
def test_every_cut_is_frame_exact_for_a_second_reader(fps: Fraction) -> None:
    otio = pytest.importorskip("opentimelineio")
    pytest.importorskip("otio_fcp_adapter")
    chance = random.Random(7)
    for _ in range(6):
        plan = plans_at_random(chance, fps)
        given = handed(fps, plan, markers=tuple(Marker(c.at + 0.2, f"m{n}") for n, c in enumerate(plan.cuts)))
        expected = [(p.at, p.length, p.first) for p in placed(given)]
        read = otio.adapters.read_from_string(to_xmeml(given), "fcp_xml")
        read = read if isinstance(read, otio.schema.Timeline) else read[0]
        assert len(read.tracks) == 3
        for track in read.tracks:
            clips = [c for c in track if isinstance(c, otio.schema.Clip)]
            found = [
                (
                    c.trimmed_range_in_parent().start_time.value,
                    c.source_range.duration.value,
                    c.source_range.start_time.value,
                )
                for c in clips
            ]
            assert found == expected
        assert {m.name for m in read.tracks.markers} == {m.name for m in given.markers}
        again = otio.adapters.read_from_string(to_otio(given), "otio_json")
        clips = [c for c in again.tracks[0] if isinstance(c, otio.schema.Clip)]
        assert [(c.source_range.duration.value, c.source_range.start_time.value) for c in clips] == [
            e[1:] for e in expected
        ]


@pytest.mark.parametrize("fps", RATES, ids=lambda f: f"{float(f):.3f}")
def test_fcpxml_is_whole_frames_of_its_sequence(fps: Fraction) -> None:
    chance = random.Random(5)
    for _ in range(6):
        plan = plans_at_random(chance, fps)
        markers = tuple(Marker(c.at + 0.2, f"m{n}", "note") for n, c in enumerate(plan.cuts))
        root = ET.fromstring(to_fcpxml(handed(fps, plan, markers=markers)))
        frame = seconds(root.find("resources/format[@id='r1']").attrib["frameDuration"])  # type: ignore[union-attr]
        assert frame == 1 / fps
        expected = placed(handed(fps, plan))
        clips = root.findall(".//asset-clip")
        told = [tuple(seconds(c.attrib[k]) / frame for k in ("offset", "duration", "start")) for c in clips]
        assert told == [(p.at, p.length, p.first) for p in expected]
        ends = [seconds(e.attrib["offset"]) + seconds(e.attrib["duration"]) for e in root.find(".//spine")]  # type: ignore[union-attr]
        begins = [seconds(e.attrib["offset"]) for e in root.find(".//spine")]  # type: ignore[union-attr]
        assert begins == [0, *ends[:-1]]
        assert seconds(root.find(".//sequence").attrib["duration"]) == ends[-1]  # type: ignore[union-attr]
        assert len(root.findall(".//marker")) == len(markers)
        assets = {a.attrib["id"]: a for a in root.findall(".//asset")}
        assert all(a.attrib["hasAudio"] == a.attrib["hasVideo"] == "1" for a in assets.values())
        for clip in clips:
            end = seconds(clip.attrib["start"]) + seconds(clip.attrib["duration"])
            assert end <= seconds(assets[clip.attrib["ref"]].attrib["duration"])
            for inner in clip.findall("marker"):
                assert seconds(clip.attrib["start"]) <= seconds(inner.attrib["start"]) < end
                assert (seconds(inner.attrib["start"]) / frame).denominator == 1


def test_captions_are_titles_where_they_are_said() -> None:
    root = ET.fromstring(to_fcpxml(handed(Fraction(25))))
    (title,) = root.findall(".//title")
    assert title.find("text/text-style").text == "¡Hola & adiós!"  # type: ignore[union-attr]
    assert seconds(title.attrib["offset"]) == 10 + Fraction(1, 2).limit_denominator(25) // Fraction(1, 25) * Fraction(
        1, 25
    )
    assert seconds(title.attrib["duration"]) >= Fraction(24, 25)


def test_a_followed_frame_becomes_keyframes_of_the_position() -> None:
    path = CropPath("x", 0.316, ((10.0, 0.5), (11.0, 0.3), (11.0, 0.7), (12.0, 0.7)))
    given = replace(handed(Fraction(25)), size=(1080, 1920), crops={0: path})
    root = ET.fromstring(to_fcpxml(given))
    clip = root.findall(".//asset-clip")[0]
    assert clip.find("adjust-conform").attrib["type"] == "fill"  # type: ignore[union-attr]
    keys = [(seconds(k.attrib["time"]), float(k.attrib["value"].split()[0])) for k in clip.findall(".//keyframe")]
    wide = 100 * 16 / 9
    assert [float(t) for t, _ in keys] == [10.0, 10.96, 11.0, 11.96]
    assert [x for _, x in keys] == pytest.approx([0.0, 0.2 * wide, -0.2 * wide, -0.2 * wide], abs=0.01)
    item = ET.fromstring(to_xmeml(given)).findall(".//video/track/clipitem")[0]
    whens = [int(k.findtext("when") or -1) for k in item.findall(".//keyframe")]
    assert whens == [250, 274, 275, 299]
    scale = float(item.findtext(".//parameter[parameterid='scale']/value") or 0)
    assert scale == pytest.approx(100 * 1920 / 1080, abs=0.01)
    shift = float(item.findall(".//keyframe")[1].findtext("value/horiz") or 0)
    assert shift * 1920 == pytest.approx(0.2 * 1920 * 1920 / 1080, abs=0.1)


def test_a_speed_is_a_time_map() -> None:
    clip = ET.fromstring(to_fcpxml(handed(Fraction(25)))).findall(".//asset-clip")[1]
    zero, end = clip.findall("timeMap/timept")
    assert seconds(end.attrib["time"]) == Fraction(3, 2) * seconds(end.attrib["value"])
    assert seconds(clip.attrib["start"]) == Fraction(3, 2) * 5
    assert zero.attrib["time"] == "0s"


def test_sound_without_a_picture_and_names_that_xml_minds(tmp_path: Path) -> None:
    plan = Timeline((Cut('/m/<a> & "b".mp3', Span(0.0, 2.0), 0.0),), name="<&>")
    given = Handover(
        plan, media={plan.cuts[0].source: MediaInfo("a", "mp3", 3.0, 9, None, (AudioStream(0, "mp3", 44100, 1),))}
    )
    written = plans.write_plans(given, tmp_path / "x.mp4")
    assert set(written) == set(plans.PLANS)
    asset = ET.parse(written["fcpxml"]).getroot().find(".//asset")
    assert asset is not None
    assert "hasVideo" not in asset.attrib
    assert not ET.parse(written["xml"]).getroot().findall(".//video/track/clipitem")


@pytest.mark.parametrize("fps", [Fraction(30000, 1001), Fraction(25)], ids=["29.97", "25"])
def test_the_frames_named_are_those_we_render(tmp_path: Path, fps: Fraction) -> None:
    """Every source frame has its own grey; what a reader finds at a frame of the plan is what our own file shows there."""
    source, out = tmp_path / "numbered.mp4", tmp_path / "out.mp4"
    grey = f"color=black:s=64x64:r={fps.numerator}/{fps.denominator}:d=4,geq=lum='16+2*mod(N\\,100)':cb=128:cr=128"
    ffmpeg.run(
        ["-f", "lavfi", "-i", grey, "-c:v", "libx264", "-qp", "0", "-g", "12", "-pix_fmt", "yuv420p", str(source)]
    )
    cuts = (Cut(str(source), Span(0.513, 1.21), 0.0), Cut(str(source), Span(2.04, 2.9), 0.697))
    plan = Timeline(cuts)
    render(plan, out, RenderOptions(crf=0, loudness=None))
    given = Handover(plan, fps, media={str(source): probe(source)})
    shades = [_shades(path) for path in (source, out)]
    for one in placed(given):
        ours = shades[1][one.at : one.end]
        theirs = shades[0][one.first : one.first + one.length]
        assert np.abs(ours[1:] - theirs[1:]).max() < 1.0
    assert len(shades[1]) == given.frames


def _shades(path: Path) -> np.ndarray:
    blocks = decode.video_blocks(path, width=16, height=16)
    return np.concatenate([b.pixels.reshape(len(b.pixels), -1).mean(axis=1) for b in blocks])
