"""A :class:`pipeline.values.Timeline` becomes a file: frame-accurate, in sync, playable everywhere, checked.

Inputs are opened by seeking just before each cut and decoded accurately from there, so the time a clip takes does not
depend on where in a long film it lies. A result is written beside its final name, examined (length, start of sound and
picture, whether it decodes) and only then renamed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.atomic import beside
from pipeline.errors import BadRequest, Cancelled, DiskFull, FFmpegFailed
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.media.values import MediaInfo
from pipeline.messages import message
from pipeline.progress import Report, no_report, part_of
from pipeline.render import colours, graph
from pipeline.render.checks import Checked, check
from pipeline.render.options import RenderOptions
from pipeline.render.quality import effort, picture_rate
from pipeline.render.steady import steadied
from pipeline.render.work import Work, tracks_of
from pipeline.values import Timeline

SPARE_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class RenderJob:
    """One file to render; ``known`` says what its sources are, where that is known."""

    timeline: Timeline
    out: Path
    options: RenderOptions = field(default_factory=RenderOptions)
    known: Mapping[str, MediaInfo] = field(default_factory=dict)


def render(
    timeline: Timeline, out: Path | str, options: RenderOptions | None = None, report: Report = no_report,
    known: Mapping[str, MediaInfo] | None = None,
) -> Checked:  # fmt: skip
    """Write ``timeline`` to ``out`` (.mp4, .mov, .mkv or .m4a) and return what was measured on the finished file.

    Sources of which nothing is ``known`` are probed.

    Raises:
        NotFound, UnreadableMedia, UnsupportedFormat: a source is not usable.
        BadRequest: the timeline is empty, or shorter than half a frame.
        DiskFull, FFmpegFailed: writing failed; nothing is left under the final name.
    """
    given = known or {}
    infos = {s: given.get(s) or probe(s) for s in dict.fromkeys(cut.source for cut in timeline.cuts)}
    with steadied(infos) as steady:
        chosen = options or RenderOptions()
        heard = {steady[s].path: numbers for s, numbers in chosen.tracks.items() if s in steady}
        chosen = replace(chosen, tracks={**chosen.tracks, **heard})
        return _rendered(RenderJob(timeline, Path(out), chosen, steady), report)


def _rendered(job: RenderJob, report: Report) -> Checked:
    timeline, target, chosen, infos = job.timeline, job.out, job.options, dict(job.known)
    if not any(cut.span.duration > 0 for cut in timeline.cuts):
        raise BadRequest("error.empty_timeline")
    work = Work(timeline, infos, chosen)
    if not work.parts:  # less than half a frame
        raise BadRequest("error.empty_timeline")
    _check_space(target, work)
    if chosen.fast_copy and work.copyable:
        return _copy(work, target, report)
    with tempfile.TemporaryDirectory(prefix="render-") as folder, beside(target) as part:
        work.folder = Path(folder)
        work.decide(part_of(report, 0.0, 0.25))
        _encode(work, part, part_of(report, 0.25, 0.97))
        checked = check(part, work.duration, audio=work.has_audio, video=work.has_video)
    report(1.0, message("progress.encoding"))
    return replace(checked, path=str(target), gain_db=work.gain.decibels, crops=work.crops)


def render_many(jobs: Sequence[RenderJob], report: Report = no_report, workers: int = 0) -> list[Checked]:
    """Render several files, more than one at a time where that is faster; the same results as one after the other.

    An error in one, or an exception from ``report``, stops all. ``report`` is only called from the caller's thread.
    """
    if not jobs:
        return []
    known = {source: info for job in jobs for source, info in job.known.items()}
    sources = dict.fromkeys(cut.source for job in jobs for cut in job.timeline.cuts)
    with steadied({s: known.get(s) or probe(s) for s in sources}) as steady:
        return _side_by_side([replace(job, known=steady) for job in jobs], report, workers)


def _side_by_side(jobs: Sequence[RenderJob], report: Report, workers: int) -> list[Checked]:
    n_cores = os.cpu_count() or 1
    n_workers = max(1, min(workers or max(1, n_cores // 2 + 1), len(jobs), 8))
    stop, fractions = threading.Event(), [0.0] * len(jobs)

    def one(number: int) -> Checked:
        def note(fraction: float, _said: object) -> None:
            fractions[number] = fraction
            if stop.is_set():
                raise Cancelled

        job = jobs[number]
        return render(job.timeline, job.out, job.options, note, job.known)

    with ThreadPoolExecutor(n_workers, thread_name_prefix="render") as pool:
        futures = [pool.submit(one, n) for n in range(len(jobs))]
        try:
            while wait(futures, timeout=ffmpeg.TICK).not_done:
                done = sum(f >= 1 for f in fractions)
                report(sum(fractions) / len(jobs), message("progress.clips", done=done, n=len(jobs)))
                next((f.result() for f in futures if f.done() and f.exception()), None)
            return [f.result() for f in futures]
        finally:
            stop.set()
            for f in futures:
                f.cancel()


def _encode(work: Work, part: Path, report: Report) -> None:
    import ffmpeg as graphs

    encoder = ffmpeg.video_encoder() if work.options.encoder == "auto" else work.options.encoder
    for name in dict.fromkeys((encoder, "libx264")):
        output = graphs.output(*work.streams(), ffmpeg.safe_output(part), **_codec_options(work, name))
        try:
            ffmpeg.run(output.get_args(), report=report, duration=work.duration, cwd=work.folder)
            return
        except FFmpegFailed:
            # A card can run out of encoder sessions or refuse a size that the trial frame did not show.
            if name == "libx264":
                raise


def _codec_options(work: Work, encoder: str) -> dict[str, Any]:
    options: dict[str, Any] = {"map_metadata": -1, "map_chapters": -1, "movflags": "+faststart"}
    if work.has_video:
        tag = colours.TAGS[colours.guessed(work.canvas.width, work.canvas.height)]
        tags = {"color_primaries": tag, "color_trc": tag, "colorspace": tag, "color_range": "tv"}
        options |= {"c:v": encoder, "pix_fmt": "yuv420p", "g": max(1, round(work.canvas.fps * 2)), **tags}
        if encoder == "libx264":
            options |= {"preset": work.options.preset, "crf": work.options.crf, "threads": work.options.threads}
            options |= effort(work.options.preset, work.enlargement)
            if work.options.largest:
                rate = picture_rate(work.options.largest, work.duration, work.options.sound_rate)
                options |= {"maxrate": rate, "bufsize": rate}
        else:
            options |= {"preset": "p4", "rc": "vbr", "cq": work.options.crf + 3, "b:v": 0}
    if work.has_audio:
        options |= {"c:a": "aac", "b:a": work.options.sound_rate, "ar": graph.AUDIO_RATE}
    return options


def _copy(work: Work, target: Path, report: Report) -> Checked:
    cut = work.timeline.cuts[0]
    info = work.infos[cut.source]
    streams = [info.video.index] if info.video else []
    if info.audio:
        streams.append(info.audio[tracks_of(work.options, info)[0]].index)
    args = ["-ss", f"{info.seek(cut.span.start):.6f}", "-t", f"{cut.span.duration:.6f}", *ffmpeg.safe_input(info.path)]
    args += [word for index in streams for word in ("-map", f"0:{index}")]
    args += ["-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1", "-avoid_negative_ts", "make_zero"]
    with beside(target) as part:
        args += ["-movflags", "+faststart", ffmpeg.safe_output(part)]
        ffmpeg.run(args, report=report, duration=cut.span.duration)
        checked = check(part, None, audio=bool(info.audio), video=info.video is not None)
    return replace(checked, path=str(target))


def _check_space(target: Path, work: Work) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    pixels = work.canvas.width * work.canvas.height * float(work.canvas.fps) if work.has_video else 0.0
    # 0.2 bit a pixel is far over what crf 20 needs on ordinary material.
    needed = int(work.duration * (pixels * 0.2 + 160_000) / 8) + SPARE_BYTES
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise DiskFull(needed=needed, free=free)
