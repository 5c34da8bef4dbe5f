"""What becomes of every kind of file that clips are cut from: made with ffmpeg on the spot, rendered, and compared with its source.

A row says what was kept, what was converted and what was said, all of it measured on the source and on the finished clip. A file
that does not become a clip is a row too, with the reason people read.

    python -m benchmarks.clip_formats

``python -m benchmarks.formats`` puts them beside the kinds of films and dubs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ROOT, table
from pipeline.errors import StudioError
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.media.values import MediaInfo
from pipeline.messages import say
from pipeline.render import colours
from pipeline.render.options import RenderOptions
from pipeline.render.render import render
from pipeline.tracks.choice import chosen
from pipeline.values import Cut, Span, Timeline

HEAD = ("side", "container", "codecs", "peculiarity", "kept", "converted", "off by ms", "said", "right")
SECONDS, CUT, LENGTH = 4.0, 1.0, 2.0
"""Seconds of an input, and where and how long its clip is."""
VOICE = ROOT / "assets" / "examples" / "viral_1.mp4"
X264 = ("-c:v", "libx264", "-preset", "ultrafast")
AAC = ("-c:a", "aac")
FIELDS = ("-vf", "tinterlace=interleave_top,fieldorder=tff,setfield=tff", "-flags", "+ilme+ildct")
ONE_EAR, OPPOSED = ("pan=stereo|c0=c0|c1=0*c0", "pan=stereo|c0=c0|c1=-1*c0")


@dataclass(frozen=True, slots=True)
class Kind:
    """An input: its ``name`` decides the container; ``args`` come after a moving chart (input 0), a tone (1) and a voice (2)."""

    what: str
    name: str
    args: tuple[str, ...]
    chart: str = "testsrc2=s=320x180:r=25"
    expect: tuple[str, ...] = ()
    twice: bool = False
    """Two recordings, one file behind the other; the clip lies over the join."""

    @property
    def cut(self) -> float:
        return SECONDS - LENGTH / 2 if self.twice else CUT


def _kind(
    what: str, name: str, *args: str, chart: str = "testsrc2=s=320x180:r=25", expect: str = "", twice: bool = False
) -> Kind:
    return Kind(what, name, args, chart, tuple(expect.split()), twice)


X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "3")
SD = "testsrc2=s=720x576:r=25"
PQ = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
NAMES = ("-metadata:s:a:0", "title=Desktop", "-metadata:s:a:1", "title=Mic")
UNTAGGED = "scale=out_color_matrix=bt601,format=yuv420p,setparams=colorspace=unknown"
V, A, S = ("-map", "0:v"), ("-map", "1:a"), ("-map", "2:a")
H264 = (*V, *A, *X264, "-pix_fmt", "yuv420p", *AAC)
KINDS = (
    _kind("ordinary", "a.mp4", *H264),
    _kind("ordinary", "a.mov", *H264),
    _kind("ordinary", "a.flv", *H264),
    _kind("VP9 and Opus", "a.webm", *V, *A, "-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-c:a", "libopus"),
    _kind("HEVC and FLAC", "a.mkv", *V, *A, *X265, "-c:a", "flac"),
    _kind("AV1 and AC-3", "a.mkv", *V, *A, "-c:v", "libsvtav1", "-preset", "12", "-c:a", "ac3"),
    _kind("MPEG-4 part 2 and MP3", "a.avi", *V, *A, "-c:v", "mpeg4", "-q:v", "4", "-c:a", "libmp3lame", "-q:a", "6"),
    _kind("Windows Media", "a.wmv", *V, *A, "-c:v", "wmv2", "-q:v", "4", "-c:a", "wmav2"),
    _kind("ProRes and PCM", "a.mov", *V, *A, "-c:v", "prores_ks", "-c:a", "pcm_s24le"),
    _kind("DV", "a.dv", *V, *A, "-c:v", "dvvideo", "-pix_fmt", "yuv420p", "-ar", "48000", "-ac", "2", chart=SD),
    _kind("MXF", "a.mxf", *V, *A, *MPEG2, "-c:a", "pcm_s16le", "-ar", "48000"),
    _kind("E-AC-3 5.1", "a.mkv", *V, *A, *X264, "-c:a", "eac3", "-ac", "6"),
    _kind("DTS", "a.mkv", *V, *A, *X264, "-c:a", "dca", "-strict", "-2", "-ac", "6", "-ar", "48000"),
    _kind("TrueHD", "a.mkv", *V, *A, *X264, "-c:a", "truehd", "-strict", "-2", "-ac", "2", "-ar", "48000"),
    _kind("ALAC", "a.m4a", *A, "-c:a", "alac"),
    _kind("broadcast clock", "a.ts", *H264, "-output_ts_offset", "1234.5"),
    _kind("two programmes", "a.ts", *V, *A, *A, *X264, "-c:a", "mp2", "-program", "st=0:st=1", "-program", "st=2"),
    _kind("DVD", "a.vob", *V, *A, *MPEG2, "-c:a", "ac3", "-f", "vob", chart=SD),
    _kind("Blu-ray PCM", "a.m2ts", *V, *A, *X264, "-c:a", "pcm_bluray", "-ar", "48000", "-ac", "2", "-mpegts_m2ts_mode", "1"),
    _kind("variable frame rate", "a.mp4", *V, *A, "-vf", "select='lt(t,2)+gte(t,2)*not(mod(n,3))'", "-fps_mode", "vfr", *X264, *AAC),
    _kind("60 frames a second", "a.mp4", *H264, chart="testsrc2=s=320x180:r=60"),
    _kind("film rate 23.976", "a.mp4", *H264, chart="testsrc2=s=320x180:r=24000/1001"),
    _kind("interlaced H.264", "a.mp4", *V, *A, *FIELDS, *X264, *AAC, chart="testsrc2=s=320x240:r=50"),
    _kind("interlaced MPEG-2", "a.mpg", *V, *A, *FIELDS, *MPEG2, "-c:a", "mp2", chart="testsrc2=s=320x240:r=50"),
    _kind("telecined", "a.mpg", *V, *A, "-vf", "telecine=pattern=23,setfield=tff", "-flags", "+ilme+ildct", *MPEG2, "-c:a", "mp2",
          chart="testsrc2=s=320x240:r=24000/1001"),
    _kind("anamorphic", "a.mp4", *V, *A, "-vf", "setsar=2/3", *X264, *AAC),
    _kind("odd size, 4:4:4", "a.mkv", *V, *A, *X264, "-pix_fmt", "yuv444p", *AAC, chart="testsrc2=s=321x181:r=25"),
    _kind("10 bit 4:2:2", "a.mkv", *V, *A, *X264, "-pix_fmt", "yuv422p10le", *AAC),
    _kind("HDR (PQ, BT.2020)", "a.mkv", *V, *A, "-vf", PQ, *X265, "-pix_fmt", "yuv420p10le", *AAC),
    _kind("SD without colour tags", "a.mp4", *H264, chart=f"{SD},{UNTAGGED}"),
    _kind("full range", "a.mp4", *V, *A, "-vf", "scale=out_range=pc,setparams=range=pc", *X264, *AAC),
    _kind("screen recording, RGB", "a.mkv", *V, *A, "-c:v", "ffv1", "-pix_fmt", "bgr0", "-c:a", "flac"),
    _kind("microphone on one ear", "a.mp4", *V, *S, "-af", ONE_EAR, *X264, *AAC, expect="doubt.one_channel"),
    _kind("channels that cancel each other", "a.mp4", *V, *S, "-af", OPPOSED, *X264, *AAC, expect="doubt.opposed_channels"),
    _kind("game on track 1, voice on 2", "a.mkv", *V, *A, *S, *X264, *AAC, *NAMES, expect="doubt.voice_track_mixed"),
    _kind("sound half a second late", "a.mkv", *H264, "-af", "adelay=500:all=1"),
    _kind("no sound", "a.mp4", *V, *X264),
    _kind("VBR MP3, sound alone", "a.mp3", *A, "-c:a", "libmp3lame", "-q:a", "4"),
    _kind("Opus, sound alone", "a.opus", *A, "-c:a", "libopus"),
    _kind("MP2, sound alone", "a.mp2", *A, "-c:a", "mp2"),
    _kind("WMA, sound alone", "a.wma", *A, "-c:a", "wmav2"),
    _kind("clock starts again", "a.ts", *H264, expect="media.clock_restarts", twice=True),
    _kind("clock starts again", "a.vob", *V, *A, *MPEG2, "-c:a", "ac3", "-f", "vob", chart=SD, expect="media.clock_restarts",
          twice=True),
    _kind("chained", "a.ogg", *A, "-c:a", "libvorbis", expect="media.clock_restarts", twice=True),
    _kind("MP4 called .avi", "a.mp4.avi", *H264, "-f", "mp4"),
    _kind("live, no duration", "a.webm", *V, *A, "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis", "-live", "1",
          expect="media.no_duration"),
)  # fmt: skip
"""Kinds of files, small and short."""


def make(kind: Kind, folder: Path) -> Path:
    """Writes the input."""
    out = folder / kind.name
    chart = ["-f", "lavfi", "-t", str(SECONDS), "-i", kind.chart]
    tone = ["-f", "lavfi", "-t", str(SECONDS), "-i", "sine=f=440:r=44100"]
    voice = ["-t", str(SECONDS), *ffmpeg.safe_input(VOICE)]
    ffmpeg.run([*chart, *tone, *voice, *kind.args, ffmpeg.safe_output(out)], time_limit=120)
    if kind.twice:
        out.write_bytes(2 * out.read_bytes())
    return out


def codecs(info: MediaInfo) -> str:
    """The codecs of picture and sound."""
    return ", ".join([*([info.video.codec] if info.video else []), *(a.codec for a in info.audio)])


def changes(source: MediaInfo, clip: MediaInfo) -> list[str]:
    """What differs between a source and its clip beyond the codec."""
    found = []
    if source.video and clip.video:
        old, new = source.video, clip.video
        pairs = [
            (old.interlaced, "fields put together"),
            (old.hdr, "HDR to BT.709"),
            (colours.matrix_of(old) != new.matrix, f"{colours.matrix_of(old)} to {new.matrix}"),
            (old.full_range or old.pixel_format.startswith("yuvj"), "full to limited range"),
            (old.pixel_format != new.pixel_format, f"{old.pixel_format} to {new.pixel_format}"),
            (old.variable_rate, f"constant {new.fps:g} frames a second"),
            (abs(old.fps - new.fps) > 0.01 and not old.variable_rate, f"{old.fps:g} to {new.fps:g} frames a second"),
            ((old.width, old.height) != (new.width, new.height), f"{old.width}×{old.height} to {new.width}×{new.height} square pixels"),
        ]  # fmt: skip
        found += [said for true, said in pairs if true]
    if source.audio and clip.audio and source.audio[0].channels != clip.audio[0].channels:
        found.append(f"{source.audio[0].channels} to {clip.audio[0].channels} channels")
    return found


def right(kind: Kind, source: MediaInfo, clip: MediaInfo, told: set[str]) -> bool:
    """Whether nothing was lost, nothing combs, the colours are tagged as a player takes them, and what must be said was said."""
    there = bool(source.video) == bool(clip.video) and bool(source.audio) == bool(clip.audio)
    picture = clip.video
    fine = picture is None or (
        not picture.interlaced and picture.matrix == colours.guessed(picture.width, picture.height)
    )
    return there and fine and abs(clip.duration - LENGTH) < 0.15 and set(kind.expect) <= told


def row(kind: Kind, folder: Path) -> list[object]:
    """One line of the table."""
    try:
        source = make(kind, folder)
        info = probe(source)
        sound = chosen(info)
        out = folder / ("clip.mp4" if info.video else "clip.m4a")
        plan = Timeline((Cut(str(source), Span(kind.cut, kind.cut + LENGTH), 0.0),))
        render(plan, out, RenderOptions(tracks={info.path: sound.mixed}), known={str(source): info})
        clip = probe(out)
    except StudioError as error:
        return ["clip", kind.name, "–", kind.what, "nothing", "–", "–", say(error.message, "en"), "NO"]
    notes = (*info.doubts, *sound.notes)
    kept = " and ".join(name for name, there in (("picture", clip.video), ("sound", clip.audio)) if there)
    converted = "; ".join([codecs(clip), *changes(info, clip)])
    fine = "yes" if right(kind, info, clip, {m.code for m in notes}) else "NO"
    said = " ".join(say(m, "en") for m in notes) or "–"
    return ["clip", info.container.split(",")[0], codecs(info), kind.what, kept, converted, "–", said, fine]


def rows(only: str = "") -> Iterator[list[object]]:
    """The table's lines under :data:`HEAD`, each made and measured now; ``only`` those in whose words this occurs."""
    for kind in (k for k in KINDS if only in f"clip {k.name} {k.what}"):
        with tempfile.TemporaryDirectory() as folder:
            yield row(kind, Path(folder))


if __name__ == "__main__":
    print(table(HEAD, rows()))
