"""A small library of odd files, made with ffmpeg on the spot: what people really upload.

``make(kind, folder)`` writes one and returns its path; ``KINDS`` names them all. Pictures are moving test charts, sound is a
sine; :data:`BROKEN` are the ones that are no usable media.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.media import ffmpeg

PICTURE = "testsrc2=s={size}:r={fps}:d={seconds}"
SOUND = "sine=f=440:r=44100:d={seconds}"
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25"]
AAC = ["-c:a", "aac", "-b:a", "96k"]


def picture(size: str = "320x180", fps: int = 25, seconds: float = 3.0) -> list[str]:
    """Arguments of a moving test chart as an input."""
    return ["-f", "lavfi", "-i", PICTURE.format(size=size, fps=fps, seconds=seconds)]


def sound(seconds: float = 3.0) -> list[str]:
    """Arguments of a tone as an input."""
    return ["-f", "lavfi", "-i", SOUND.format(seconds=seconds)]


def _plain(out: Path, *more: str, size: str = "320x180", seconds: float = 3.0) -> Path:
    ffmpeg.run([*picture(size, seconds=seconds), *sound(seconds), *X264, *AAC, *more, ffmpeg.safe_output(out)])
    return out


def plain(folder: Path) -> Path:
    """3 s, 320 × 180, 25 fps, H.264 and AAC in MP4."""
    return _plain(folder / "plain.mp4")


def variable_rate(folder: Path) -> Path:
    """Half of it at 30 frames a second, half at 10."""
    out = folder / "vfr.mp4"
    select = "select='lt(t,1.5)+gte(t,1.5)*not(mod(n,3))'"
    ffmpeg.run([*picture(fps=30), *sound(), "-vf", select, "-fps_mode", "vfr", *X264, *AAC, ffmpeg.safe_output(out)])
    return out


def rotated(folder: Path) -> Path:
    """Stored 320 × 180, shown 180 × 320, as telephones do."""
    first, out = _plain(folder / "upright.mp4"), folder / "rotated.mp4"
    ffmpeg.run(["-display_rotation", "90", *ffmpeg.safe_input(first), "-c", "copy", ffmpeg.safe_output(out)])
    return out


def anamorphic(folder: Path) -> Path:
    """Sample aspect 2:3: stored 320 × 180, shown 213 × 180."""
    return _plain(folder / "sar.mp4", "-vf", "setsar=2/3")


def cover_art(folder: Path) -> Path:
    """Sound with an attached picture, which is no film."""
    out = folder / "cover.m4a"
    attached = ["-map", "1:a", "-map", "0:v", "-frames:v", "1", "-c:v", "mjpeg", "-disposition:v:0", "attached_pic"]
    ffmpeg.run([*picture(), *sound(), *attached, *AAC, "-f", "ipod", ffmpeg.safe_output(out)])
    return out


def film_with_cover(folder: Path) -> Path:
    """A film whose first video stream is its cover."""
    film, cover, out = _plain(folder / "film.mp4"), folder / "cover.mkv", folder / "film_cover.mp4"
    ffmpeg.run([*picture("640x640"), "-frames:v", "1", "-c:v", "mjpeg", ffmpeg.safe_output(cover)])
    maps = ["-map", "1:v", "-map", "0:v", "-map", "0:a", "-c", "copy", "-disposition:v:0", "attached_pic"]
    ffmpeg.run([*ffmpeg.safe_input(film), *ffmpeg.safe_input(cover), *maps, ffmpeg.safe_output(out)])
    return out


def no_audio(folder: Path) -> Path:
    """A picture without sound."""
    out = folder / "mute.mp4"
    ffmpeg.run([*picture(), *X264, ffmpeg.safe_output(out)])
    return out


def audio_only(folder: Path) -> Path:
    """Sound without a picture."""
    out = folder / "sound.mp3"
    ffmpeg.run([*sound(), ffmpeg.safe_output(out)])
    return out


def no_duration(folder: Path) -> Path:
    """A live recording: Matroska that does not say how long it is and has no index."""
    out = folder / "live.webm"
    live = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus", "-f", "webm", "-live", "1"]
    out.write_bytes(ffmpeg.capture([*picture(), *sound(), *live, "-"]))
    return out


def truncated(folder: Path) -> Path:
    """A download that stopped at 60 %."""
    whole = _plain(folder / "whole.mp4", "-movflags", "+faststart", seconds=6.0)
    out = folder / "truncated.mp4"
    out.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6)])
    return out


def delayed_audio(folder: Path) -> Path:
    """The sound begins half a second after the picture."""
    out = folder / "late.mkv"
    ffmpeg.run([*picture(), "-itsoffset", "0.5", *sound(2.5), *X264, *AAC, ffmpeg.safe_output(out)])
    return out


def delayed_video(folder: Path) -> Path:
    """The picture begins half a second after the sound."""
    out = folder / "late_picture.mkv"
    ffmpeg.run(["-itsoffset", "0.5", *picture(seconds=2.5), *sound(), *X264, *AAC, ffmpeg.safe_output(out)])
    return out


def hdr(folder: Path) -> Path:
    """10 bit HEVC tagged BT.2020 PQ."""
    out = folder / "hdr.mp4"
    tags = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"]
    params = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=error"
    codec = ["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params", params]
    ffmpeg.run([*picture(seconds=1), *sound(1), *codec, *tags, *AAC, ffmpeg.safe_output(out)])
    return out


def ten_bit(folder: Path) -> Path:
    """10 bit H.264 4:2:2, which no browser plays."""
    out = folder / "ten.mkv"
    codec = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv422p10le"]
    ffmpeg.run([*picture(), *sound(), *codec, *AAC, ffmpeg.safe_output(out)])
    return out


def odd_name(folder: Path) -> Path:
    """A name with everything a shell or a filter could trip over."""
    return _plain(folder / "ñ 'quote' & $x; %03d [a],b=c.mp4")


def dash_name(folder: Path) -> Path:
    """A name that looks like an option."""
    return _plain(folder / "-i.mp4")


def transport_stream(folder: Path) -> Path:
    """MPEG-TS on an arbitrary clock."""
    out = folder / "broadcast.ts"
    ffmpeg.run([*picture(seconds=6), *sound(6), *X264, *AAC, "-output_ts_offset", "1234.5", ffmpeg.safe_output(out)])
    return out


def surround(folder: Path) -> Path:
    """5.1 sound."""
    return _plain(folder / "surround.mp4", "-ac", "6")


def odd_size(folder: Path) -> Path:
    """Odd width and height (4:4:4)."""
    out = folder / "odd_size.mkv"
    codec = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p"]
    ffmpeg.run([*picture("321x181"), *sound(), *codec, *AAC, ffmpeg.safe_output(out)])
    return out


def tiny(folder: Path) -> Path:
    """16 × 16 pixels, 0.2 s."""
    return _plain(folder / "tiny.mp4", size="16x16", seconds=0.2)


def text(folder: Path) -> Path:
    """A letter renamed to .mp4."""
    out = folder / "text.mp4"
    out.write_text("Dear all,\nthis is no film.\n" * 50, encoding="utf-8")
    return out


def empty(folder: Path) -> Path:
    """Nothing."""
    out = folder / "empty.mp4"
    out.write_bytes(b"")
    return out


def playlist(folder: Path) -> Path:
    """An HLS playlist renamed to .mp4 that names a local file and an address."""
    _plain(folder / "secret.ts")
    out = folder / "playlist.mp4"
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:3", "#EXTINF:3,", str(folder / "secret.ts"), "#EXTINF:3,"]
    out.write_text("\n".join([*lines, "http://127.0.0.1:9/x.ts", "#EXT-X-ENDLIST", ""]), encoding="utf-8")
    return out


def concat_script(folder: Path) -> Path:
    """An ffconcat script renamed to .mkv."""
    _plain(folder / "inner.mp4")
    out = folder / "script.mkv"
    out.write_text(f"ffconcat version 1.0\nfile '{folder / 'inner.mp4'}'\n", encoding="utf-8")
    return out


def noise(folder: Path) -> Path:
    """Bytes without meaning after an MP4 head."""
    out = folder / "noise.mp4"
    out.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes((i * 7919) % 251 for i in range(20000)))
    return out


GOOD: dict[str, Callable[[Path], Path]] = {
    f.__name__: f
    for f in (
        plain, variable_rate, rotated, anamorphic, cover_art, film_with_cover, no_audio, audio_only, no_duration, truncated,
        delayed_audio, delayed_video, hdr, ten_bit, odd_name, dash_name, transport_stream, surround, odd_size, tiny,
    )
}  # fmt: skip
BROKEN: dict[str, Callable[[Path], Path]] = {f.__name__: f for f in (text, empty, playlist, concat_script, noise)}
KINDS = GOOD | BROKEN


def make(kind: str, folder: Path) -> Path:
    """Write the odd file ``kind`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    return KINDS[kind](folder)
