"""The voice on another audio track: found, taken, mixed with what is on the first, and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import BadRequest
from pipeline.media import ffmpeg
from pipeline.media.decode import load_audio
from pipeline.media.probe import probe
from pipeline.media.values import AudioStream
from pipeline.render.options import RenderOptions
from pipeline.render.render import render
from pipeline.tracks import choice as tracks
from pipeline.values import Cut, Span, Timeline
from tests import odd_media

ROOT = Path(__file__).resolve().parents[3]
VOICE = ROOT / "assets" / "examples" / "viral_1.mp4"
GAME = "aevalsrc='0.2*sin(2*PI*(220+110*floor(mod(2*t,4)))*t)*exp(-2*mod(2*t,1))+0.02*random(0)':s=48000:d=12"
pytestmark = pytest.mark.models


def recording(out: Path, *sounds: str, titles: tuple[str, ...] = ()) -> Path:
    """A film of 12 s whose audio tracks are ``game``, ``voice`` or ``both``."""
    game, voice = (
        "[1:a]aformat=channel_layouts=stereo",
        "[2:a]atrim=0:12,aresample=48000,aformat=channel_layouts=stereo,apad=whole_dur=12",
    )
    graphs = {
        "game": game,
        "voice": voice,
        "both": f"{game}[g{{n}}];{voice}[v{{n}}];[g{{n}}][v{{n}}]amix=2:normalize=0",
    }
    chains = ";".join(f"{graphs[sound].format(n=n)}[t{n}]" for n, sound in enumerate(sounds))
    maps = [a for n, _ in enumerate(sounds) for a in ("-map", f"[t{n}]")]
    named = [a for n, title in enumerate(titles) for a in (f"-metadata:s:a:{n}", f"title={title}")]
    ffmpeg.run(
        [*odd_media.picture(fps=10, seconds=12), "-f", "lavfi", "-i", GAME, *ffmpeg.safe_input(VOICE), "-filter_complex", chains,
         "-map", "0:v", *maps, *named, *odd_media.X264, "-c:a", "flac", ffmpeg.safe_output(out)]
    )  # fmt: skip
    return out


def codes(found: tracks.Chosen) -> list[str]:
    return [note.code for note in found.notes]


def test_a_microphone_on_the_second_track_is_heard_and_in_the_clip(tmp_path: Path) -> None:
    source = recording(tmp_path / "obs.mkv", "game", "voice", titles=("Desktop", "Mic"))
    info = probe(source)
    found = tracks.chosen(info)
    assert (found.heard, found.mixed) == (1, (0, 1))
    assert codes(found) == ["doubt.voice_track_mixed"]
    assert found.notes[0].values == {"track": 2, "title": " (“Mic”)"}
    out = tmp_path / "clip.mp4"
    plan = Timeline((Cut(str(source), Span(1.0, 9.0), 0.0),))
    render(plan, out, RenderOptions(loudness=None, tracks={str(source): found.mixed}))
    game, voice = (load_audio(source, stream=n, span=Span(1.0, 9.0)).samples for n in (0, 1))
    made = load_audio(out).samples
    n = min(len(made), len(game), len(voice))
    shares = np.linalg.lstsq(np.stack([game[:n], voice[:n]], axis=1), made[:n], rcond=None)[0]
    assert shares == pytest.approx([1.0, 1.0], abs=0.1)


@pytest.mark.parametrize(
    ("sounds", "heard", "mixed", "code"),
    [
        (("voice", "game"), 0, (0,), None),
        (("voice", "voice"), 0, (0,), None),  # two languages
        (("both", "voice"), 0, (0,), None),
        (("game", "both"), 1, (1,), "doubt.voice_track"),  # music and effects, and the full mix
        (("game",), 0, (0,), None),
        (("game", "game"), 0, (0,), None),
    ],
)
def test_which_track_is_taken(
    sounds: tuple[str, ...], heard: int, mixed: tuple[int, ...], code: str | None, tmp_path: Path
) -> None:
    found = tracks.chosen(probe(recording(tmp_path / "film.mkv", *sounds)))
    assert (found.heard, found.mixed) == (heard, mixed)
    assert codes(found) == ([code] if code else [])


def test_what_is_asked_for_is_used_and_said(tmp_path: Path) -> None:
    info = probe(recording(tmp_path / "film.mkv", "game", "voice"))
    assert tracks.chosen(info, "1") == tracks.Chosen(0, (0,), tracks.chosen(info, "1").notes)
    assert codes(tracks.chosen(info, "2")) == ["doubt.track_asked"]
    mix = tracks.chosen(info, "mix")
    assert (mix.heard, mix.mixed, codes(mix)) == (1, (0, 1), ["doubt.tracks_mixed"])
    with pytest.raises(BadRequest, match="3"):
        tracks.chosen(info, "3")


def test_a_commentary_is_not_taken_for_the_voice() -> None:
    film, talk = (AudioStream(n, "aac", 48000, 2, commentary=bool(n)) for n in (0, 1))
    assert tracks.with_voice((film, talk), (0.0, 0.9)) == 0
    assert tracks.with_voice((film, film), (0.01, 0.9)) == 1
    assert tracks.with_voice((film, film), (0.3, 0.6)) == 0
