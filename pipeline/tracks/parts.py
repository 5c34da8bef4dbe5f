"""Sound that comes in several files (CD1, CD2, tapes) as one: each part on its own clock, one after the other, without loss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.atomic import writing
from pipeline.media import ffmpeg
from pipeline.progress import Report, no_report


def join_parts(parts: Sequence[tuple[Path, int]], output: Path, report: Report = no_report) -> Path:
    """Writes (file, number of audio track) one after the other into ``output`` (Matroska, FLAC); a part that begins late begins with
    silence, as it does in a player.

    Raises:
        FFmpegFailed: a part cannot be read. DiskFull, Forbidden: it cannot be written.
    """
    inputs = [argument for path, _ in parts for argument in ffmpeg.safe_input(path)]
    whole = "".join(f"[{n}:a:{stream}]aresample=async=1:first_pts=0[p{n}];" for n, (_, stream) in enumerate(parts))
    chain = whole + "".join(f"[p{n}]" for n in range(len(parts))) + f"concat=n={len(parts)}:v=0:a=1[out]"
    coded = ["-map", "[out]", "-c:a", "flac", "-compression_level", "2", "-f", "matroska"]
    with writing(output):
        ffmpeg.run([*inputs, "-filter_complex", chain, *coded, ffmpeg.safe_output(output)], report=report)
    return output
