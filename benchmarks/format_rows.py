"""The inputs of the matrix of formats: how each is made, and what is looked at in what comes out.

A row is one entry in a list; whoever knows another kind of file adds one. Everything is made from noise and test pictures with the
ffmpeg that comes with the product, so the matrix needs no media.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.media import ffmpeg
from pipeline.tracks import ebml, tags
from pipeline.tracks.encode import AudioFormat, write_audio

CHAPTER_UID, CHAPTER_START, CHAPTER_DISPLAY, CHAPTER_NAME, CHAPTER_LANGUAGE_IETF = 0x73C4, 0x91, 0x80, 0x85, 0x437D
RATE, SECONDS, LATE = 48000, 14.0, 1.0
Make = Callable[[Path, "Parts"], Path]


@dataclass(frozen=True, slots=True)
class Parts:
    """What inputs are made of: the film's sound (16 bits), a dub of it that begins :data:`LATE` seconds later in the film, and
    subtitles."""

    film: Path
    dub: Path
    lines: Path


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of file: ``side`` is ``original`` or ``dub``; ``expect`` are codes of what must be said, ``codec`` what the
    sound must be in the result (empty: what it was), ``refused`` the code of the refusal that is right."""

    side: str
    container: str
    codec: str
    peculiarity: str
    make: Make
    expect: tuple[str, ...] = ()
    converted: str = ""
    refused: str = ""
    more: tuple[str, ...] = field(default=())


def parts(folder: Path) -> Parts:
    """The common parts, in ``folder``."""
    whole = _noise(SECONDS, 5)
    film = _written(folder / "film.mka", whole)
    dub = _written(folder / "dub.mka", whole[:, round(LATE * RATE) :])
    lines = folder / "lines.srt"
    lines.write_text("1\n00:00:03,000 --> 00:00:05,000\nhola\n", encoding="utf-8")
    return Parts(film, dub, lines)


def _written(path: Path, samples: np.ndarray) -> Path:  # type: ignore[type-arg]
    write_audio([samples], path, AudioFormat("flac", RATE, "stereo", dither=False))
    return path


def _noise(seconds: float, seed: int) -> np.ndarray:  # type: ignore[type-arg]
    """Bangs of random time and pitch: (2, n)."""
    rng = np.random.default_rng(seed)
    out = np.zeros((2, round(seconds * RATE)), np.float32)
    for _ in range(round(seconds * 4)):
        at, n = int(rng.integers(0, out.shape[1] - 12000)), int(rng.integers(2000, 12000))
        burst = np.exp(-np.arange(n) / rng.uniform(300, 3000)) * rng.standard_normal(n) * rng.uniform(0.1, 0.4)
        out[:, at : at + n] += burst.astype(np.float32)
    return np.clip(out, -0.9, 0.9)


def ff(*args: object) -> None:
    """One command of ffmpeg."""
    ffmpeg.run(["-loglevel", "error", *map(str, args)])


def shown(size: str = "160x120", rate: str = "25") -> tuple[str, ...]:
    """A moving picture as an input."""
    return ("-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={SECONDS}")


def film(
    name: str, *audio: object, video: tuple[object, ...] = ("-c:v", "libx264", "-preset", "ultrafast"), size: str = "160x120",
    rate: str = "25",
) -> Make:  # fmt: skip
    """A picture with the film's sound, coded as the options say."""

    def make(folder: Path, given: Parts) -> Path:
        out = folder / name
        ff(*shown(size, rate), "-i", given.film, "-map", "0:v", "-map", "1:a", *video, *audio, out)
        return out

    return make


def sound(name: str, *audio: object) -> Make:
    """The dub's sound alone, coded as the options say."""

    def make(folder: Path, given: Parts) -> Path:
        out = folder / name
        ff("-i", given.dub, "-map", "0:a", *audio, out)
        return out

    return make


def covered(kind: str) -> Make:
    """A film with a cover."""

    def make(folder: Path, given: Parts) -> Path:
        base, picture, out = folder / f"base.{kind}", folder / "cover.jpg", folder / f"cover.{kind}"
        ff("-f", "lavfi", "-i", "testsrc=s=60x90", "-frames:v", 1, picture)
        film(base.name, "-c:a", "aac")(folder, given)
        if kind == "mkv":
            named = ("-metadata:s:t", "mimetype=image/jpeg", "-metadata:s:t", "filename=cover.jpg")
            ff("-i", base, "-map", 0, "-c", "copy", "-attach", picture, *named, out)
        else:
            art = ("-map", 0, "-map", 1, "-c", "copy", "-c:v:1", "mjpeg", "-disposition:v:1", "attached_pic")
            ff("-i", base, "-i", picture, *art, out)
        return out

    return make


def joined(kind: str, form: str, codec: str, video: str, *, dub: bool) -> Make:
    """Two recordings one after the other, each with a clock of its own."""

    def make(folder: Path, given: Parts) -> Path:
        out, source = folder / f"joined.{kind}", given.dub if dub else given.film
        whole = b""
        for k in range(2):
            part = folder / f"part{k}.{kind}"
            cut = ("-ss", k * SECONDS / 2, "-t", SECONDS / 2, "-i", source)
            ff(
                *shown(),
                *cut,
                "-map",
                "0:v",
                "-map",
                "1:a",
                "-shortest",
                "-c:v",
                video,
                "-c:a",
                codec,
                "-f",
                form,
                part,
            )
            whole += part.read_bytes()
        out.write_bytes(whole)
        return out

    return make


def with_more(name: str, *options: object, base: str = "base.mkv", more: tuple[object, ...] = ()) -> Make:
    """A film and the options that make it peculiar, copied."""

    def make(folder: Path, given: Parts) -> Path:
        film(base, "-c:a", "aac")(folder, given)
        out = folder / name
        told = [str(given.lines) if o == "LINES" else o for o in options]
        ff(*more, "-i", folder / base, *told, out)
        return out

    return make


def tagged() -> Make:
    """A film in two languages with IETF tags, and chapters inside chapters with names in both."""

    def chapter(uid: int, seconds: int, names: dict[str, str], *inside: ebml.Node) -> ebml.Node:
        parts = [ebml.Node(CHAPTER_UID, ebml.number(uid)), ebml.Node(CHAPTER_START, ebml.number(seconds * 10**9))]
        for tag, name in names.items():
            shown = [ebml.Node(CHAPTER_NAME, name.encode()), ebml.Node(CHAPTER_LANGUAGE_IETF, tag.encode())]
            parts += ebml.nodes(ebml.master(CHAPTER_DISPLAY, shown, checked=False))
        return ebml.nodes(ebml.master(tags.CHAPTER, [*parts, *inside], checked=False))[0]

    def make(folder: Path, given: Parts) -> Path:
        out = folder / "tagged.mkv"
        first = chapter(1, 0, {"en": "Opening", "es-419": "Apertura"}, chapter(2, 1, {"en": "Titles"}))
        chapters = ebml.master(tags.EDITION, [first, chapter(3, 7, {"en": "Scene"})], checked=False)
        spare = ("-metadata_header_padding", tags.room(["", "", ""], chapters))
        sides = ("-metadata:s:a:0", "language=spa", "-metadata:s:a:1", "language=por", *spare)
        ff(*shown(), "-i", given.film, "-map", 0, "-map", 1, "-map", 1, "-c:v", "libx264", "-c:a", "aac", *sides, out)
        if not tags.retag(out, ["", "es-419", "pt-BR"], chapters):
            raise AssertionError("the input could not be made")
        return out

    return make


def renamed(make: Make, name: str) -> Make:
    """The same file under a name that says something else."""
    return lambda folder, given: make(folder, given).rename(folder / name)


AAC = ("-c:a", "aac")
H264, HEVC10 = (
    ("-c:v", "libx264", "-preset", "ultrafast"),
    ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"),
)
HDR10 = (*HEVC10, "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
M2TS = ("-mpegts_m2ts_mode", 1)
PCM24 = ("-c:a", "pcm_bluray", "-sample_fmt", "s32", *M2TS)
MP4_LINES = ("-i", "LINES", "-map", 0, "-map", 1, "-c", "copy", "-c:s", "mov_text")
TWO_TRACKS = ("-i", "LINES", "-map", 0, "-map", "0:a", "-map", 1, "-c", "copy", "-c:s", "srt")
TURNED = ("-display_rotation", "90")
MPEG2 = ("-c:v", "mpeg2video", "-b:v", "600k")
SAID_PCM, SAID_CLOCK = ("doubt.stream_converted",), ("media.clock_restarts",)
ORIGINALS = [
    Row("original", "mkv", "h264, aac", "", film("f.mkv", *AAC)),
    Row("original", "mkv", "h264, flac", "", film("f.mkv", "-c:a", "flac")),
    Row("original", "mkv", "hevc 10 bits, eac3", "10 bits", film("f.mkv", "-c:a", "eac3", video=HEVC10)),
    Row("original", "mkv", "hevc HDR10, aac", "HDR", film("f.mkv", *AAC, video=HDR10)),
    Row("original", "mkv", "vp9, opus", "", film("f.mkv", "-c:a", "libopus", video=VP9)),
    Row("original", "webm", "vp8, vorbis", "", film("f.webm", "-c:a", "libvorbis", video=("-c:v", "libvpx", "-deadline", "realtime"))),
    Row("original", "mp4", "h264, aac", "priming in an edit list", film("f.mp4", *AAC)),
    Row("original", "mp4", "h264, ac3", "", film("f.mp4", "-c:a", "ac3")),
    Row("original", "mp4", "h264, alac", "", film("f.mp4", "-c:a", "alac")),
    Row("original", "mov", "mjpeg, pcm_s16be", "", film("f.mov", "-c:a", "pcm_s16be", video=("-c:v", "mjpeg"))),
    Row("original", "mov", "prores, pcm_s24le", "10 bits 4:2:2", film("f.mov", "-c:a", "pcm_s24le", video=("-c:v", "prores_ks"))),
    Row("original", "avi", "mpeg4, mp3", "", film("f.avi", "-c:a", "libmp3lame", video=("-c:v", "mpeg4"))),
    Row("original", "wmv", "wmv2, wmav2", "", film("f.wmv", "-c:a", "wmav2", video=("-c:v", "wmv2"))),
    Row("original", "flv", "flv1, mp3", "", film("f.flv", "-c:a", "libmp3lame", "-ar", 44100, video=("-c:v", "flv"))),
    Row("original", "ts", "h264, aac", "clock begins at 1.4 s", film("f.ts", *AAC)),
    Row("original", "ts", "mpeg2video, mp2", "", film("f.ts", "-c:a", "mp2", video=MPEG2)),
    Row("original", "m2ts", "h264, pcm_bluray", "disc PCM", film("f.m2ts", "-c:a", "pcm_bluray", *M2TS), SAID_PCM, "flac"),
    Row("original", "m2ts", "h264, pcm_bluray 24 bits", "disc PCM", film("f.m2ts", *PCM24), SAID_PCM, "flac"),
    Row("original", "m2ts", "h264, truehd", "", film("f.m2ts", "-c:a", "truehd", "-strict", -2, *M2TS)),
    Row("original", "m2ts", "h264, dts", "", film("f.m2ts", "-c:a", "dca", "-strict", -2, *M2TS)),
    Row("original", "vob", "mpeg2video, pcm_dvd", "disc PCM", film("f.vob", "-c:a", "pcm_dvd", video=MPEG2), SAID_PCM, "flac"),
    Row("original", "vob", "mpeg2video, ac3", "clock begins at 0.5 s", film("f.vob", "-c:a", "ac3", video=MPEG2)),
    Row("original", "mpg", "mpeg2video, mp2", "", film("f.mpg", "-c:a", "mp2", video=MPEG2)),
    Row("original", "mkv", "h264, aac", "cover", covered("mkv"), more=("cover",)),
    Row("original", "mp4", "h264, aac", "cover", covered("mp4"), more=("cover",)),
    Row("original", "ts", "h264, aac", "clock starts again", joined("ts", "mpegts", "aac", "libx264", dub=False), SAID_CLOCK),
    Row("original", "vob", "mpeg2video, ac3", "clock starts again", joined("vob", "vob", "ac3", "mpeg2video", dub=False), SAID_CLOCK),
    Row("original", "mp4", "h264, aac, mov_text", "subtitles of MP4", with_more("s.mp4", *MP4_LINES)),
    Row("original", "mkv", "h264, aac, srt", "two sound tracks, subtitles", with_more("s.mkv", *TWO_TRACKS)),
    Row("original", "mp4", "h264, aac", "rotated", with_more("r.mp4", "-map", 0, "-c", "copy", base="base.mp4", more=TURNED)),
    Row("original", "mkv", "h264, aac", "odd size", film("f.mkv", *AAC, video=(*H264, "-pix_fmt", "yuv444p"), size="161x121")),
    Row("original", "mkv", "h264, aac", "23.976 pictures a second", film("f.mkv", *AAC, rate="24000/1001")),
    Row("original", "mkv", "mpeg2video, ac3", "interlaced", film("f.mkv", "-c:a", "ac3", video=(*MPEG2, "-flags", "+ilme+ildct"))),
    Row("original", "mkv", "h264, aac, aac", "es-419 and pt-BR, nested chapters in two languages", tagged(), more=("tags",)),
    Row("original", "mkv", "h264, aac", "called .mp4", renamed(film("f.mkv", *AAC), "wrong.mp4")),
]  # fmt: skip
DUBS = [
    Row("dub", "m4a", "aac", "priming in an edit list", sound("d.m4a", *AAC)),
    Row("dub", "m4a", "alac", "", sound("d.m4a", "-c:a", "alac")),
    Row("dub", "mp3", "mp3", "variable rate", sound("d.mp3", "-c:a", "libmp3lame", "-q:a", 4)),
    Row("dub", "mp3", "mp3", "constant rate", sound("d.mp3", "-c:a", "libmp3lame", "-b:a", "128k")),
    Row("dub", "mp2", "mp2", "raw", sound("d.mp2", "-c:a", "mp2")),
    Row("dub", "flac", "flac", "", sound("d.flac", "-c:a", "flac")),
    Row("dub", "flac", "flac 24 bits", "", sound("d.flac", "-c:a", "flac", "-sample_fmt", "s32")),
    Row("dub", "wav", "pcm_s16le", "", sound("d.wav", "-c:a", "pcm_s16le")),
    Row("dub", "wav", "pcm_f32le", "", sound("d.wav", "-c:a", "pcm_f32le")),
    Row("dub", "ogg", "vorbis", "", sound("d.ogg", "-c:a", "libvorbis")),
    Row("dub", "opus", "opus", "priming", sound("d.opus", "-c:a", "libopus")),
    Row("dub", "wma", "wmav2", "", sound("d.wma", "-c:a", "wmav2")),
    Row("dub", "ac3", "ac3", "raw", sound("d.ac3", "-c:a", "ac3")),
    Row("dub", "eac3", "eac3", "raw", sound("d.eac3", "-c:a", "eac3")),
    Row("dub", "dts", "dts", "raw", sound("d.dts", "-c:a", "dca", "-strict", -2)),
    Row("dub", "thd", "truehd", "raw", sound("d.thd", "-c:a", "truehd", "-strict", -2, "-f", "truehd")),
    Row("dub", "aac", "aac", "raw", sound("d.aac", *AAC)),
    Row("dub", "mka", "eac3", "", sound("d.mka", "-c:a", "eac3")),
    Row("dub", "mka", "aac 5.1", "six channels", sound("d.mka", *AAC, "-ac", 6)),
    Row("dub", "mka", "flac 7.1", "eight channels", sound("d.mka", "-c:a", "flac", "-ac", 8)),
    Row("dub", "mka", "opus", "mono", sound("d.mka", "-c:a", "libopus", "-ac", 1)),
    Row("dub", "mkv", "aac", "negative start", sound("d.mkv", *AAC, "-output_ts_offset", "-0.02")),
    Row("dub", "aiff", "pcm_s16be", "", sound("d.aiff", "-c:a", "pcm_s16be")),
    Row("dub", "w64", "pcm_s24le", "", sound("d.w64", "-c:a", "pcm_s24le")),
    Row("dub", "caf", "alac", "", sound("d.caf", "-c:a", "alac")),
    Row("dub", "ts", "aac", "clock starts again", joined("ts", "mpegts", "aac", "libx264", dub=True), SAID_CLOCK),
    Row("dub", "vob", "ac3", "clock starts again", joined("vob", "vob", "ac3", "mpeg2video", dub=True), SAID_CLOCK),
    Row("dub", "mpg", "mp2", "clock starts again", joined("mpg", "mpeg", "mp2", "mpeg2video", dub=True), SAID_CLOCK),
    Row("dub", "m4a", "aac", "called .mp3", renamed(sound("d.m4a", *AAC), "wrong.mp3")),
    Row("dub", "wav", "pcm_s16le", "8 kHz", sound("d.wav", "-c:a", "pcm_s16le", "-ar", 8000)),
]  # fmt: skip
