"""30 s clips made captioned and upright (9:16, followed): seconds of the clock and of the processor a clip, beside the plain cut.

Two kinds of sources: films of about 480 lines, whose upright clips have 2.3 times the pixels of the plain cut, and 1080 lines, where both
have as many. The shots are known before, as in a job. The transcript is made up at three words a second: recognition is not what is
measured. Floors: the same pictures decoded, resized and encoded by ffmpeg with nothing else done.

    python -m benchmarks.captions [--quick] [--clips 10] [--seconds 30]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import media, table
from benchmarks.costs import cost, floors
from pipeline.framing.looking import forget, look
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.render.options import RenderOptions
from pipeline.render.render import RenderJob, render_many
from pipeline.values import Cut, Sentence, Shot, Span, Timeline, Transcript, Word

SMALL = (
    "films/sintel_trailer_480p_moviepy.mp4",
    "films/tears-of-steel-battle-clip-medium.webm",
    "films/bbb_480p_171s_5.1.mp4",
)
LARGE = ("odd/4k_50fps_talking_head.mp4",)
"""Brought to 1080 lines and 25 pictures a second first, and repeated."""
PLAIN = "plain cut"
"""What the others stand beside: the same seconds in the source's shape, its sound brought to −14 LUFS as theirs is."""
SAID = "¿Sabías que mañana habrá un descuento increíble? Pues quédate, porque el pingüino te lo cuenta todo ahora."


def made_up(seconds: float) -> Transcript:
    """A talk of this length."""
    sentences, clock = [], 0.0
    while clock < seconds - 7:
        words = tuple(Word(clock + i / 3, clock + (i + 0.9) / 3, w) for i, w in enumerate(SAID.split()))
        sentences.append(Sentence(words[0].start, words[-1].end, SAID, words))
        clock = words[-1].end + 0.5
    return Transcript("es", seconds, tuple(sentences))


def clips_of(sources: Sequence[Path], count: int, length: float) -> list[tuple[Path, Span]]:
    """``count`` stretches out of ``sources`` in turn."""
    found = []
    for number in range(count):
        source = sources[number % len(sources)]
        duration = probe(source).duration
        seconds = min(length, duration - 0.5)
        start = (number * 7.0) % max(0.1, duration - seconds)
        found.append((source, Span(start, start + seconds)))
    return found


def shots_of(source: Path) -> tuple[Shot, ...]:
    """Where a film cuts."""
    info = probe(source)
    _, shots = look(info, Span(0.0, info.duration), "x", find_cuts=True)
    return tuple(shots) or (Shot(0.0, info.duration),)


def measured(sources: Sequence[Path], count: int, length: float) -> str:
    """The table of clips out of ``sources``."""
    clips = clips_of(sources, count, length)
    shots = {str(source): shots_of(source) for source in sources}
    said = made_up(length)
    ways = {
        "plain cut, sound as it is": RenderOptions(loudness=None),
        PLAIN: RenderOptions(),
        "captions burned in": RenderOptions(captions=said),
        "9:16, centre": RenderOptions(aspect="9:16", framing="centre"),
        "9:16, bars": RenderOptions(aspect="9:16", framing="bars"),
        "9:16, followed": RenderOptions(aspect="9:16", shots=shots),
        "9:16, followed, captions, hook": RenderOptions(
            aspect="9:16", captions=said, hook="Mañana, el pingüino", shots=shots
        ),
    }
    found, made = {}, {}
    with tempfile.TemporaryDirectory() as name:
        for label, options in ways.items():
            cuts = [Timeline((Cut(str(source), span, 0.0),)) for source, span in clips]
            jobs = [RenderJob(cut, Path(name) / f"{n}.mp4", options) for n, cut in enumerate(cuts)]
            forget()
            spent = cost(lambda jobs=jobs, label=label: made.update({label: render_many(jobs)}))  # type: ignore[misc]
            first = made[label][0]
            found[label] = (spent, f"{first.width}×{first.height}")
    first = made[PLAIN][0]
    wide, high = (int(side) for side in found["9:16, followed"][1].split("×"))
    found |= floors(clips, [(first.width, first.height), (wide, high)])
    base = found[PLAIN][0]
    rows = [
        (
            label, size, f"{spent.clock / count:.2f}", f"{spent.processor / count:.2f}",
            f"{spent.clock / base.clock:.1f}×", f"{spent.processor / base.processor:.1f}×",
        )
        for label, (spent, size) in found.items()
    ]  # fmt: skip
    head = ("way", "size of the first", "s a clip", "processor s", "s against the plain cut", "processor s against it")
    names = ", ".join(source.name for source in sources)
    return f"{count} clips of {clips[0][1].duration:g} s out of {names}\n\n{table(head, rows)}"


def large(folder: Path) -> list[Path]:
    """Sources of 1080 lines."""
    made = []
    for name in LARGE:
        source, target = media() / name, folder / f"1080p {Path(name).stem}.mp4"
        scaled = ["-vf", "scale=-2:1080", "-r", "25", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20"]
        ffmpeg.run(["-stream_loop", "9", *ffmpeg.safe_input(source), *scaled, "-c:a", "aac", str(target)])
        made.append(target)
    return made


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two clips of 10 s a kind")
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=30.0)
    chosen = parser.parse_args()
    count, length = (2, 10.0) if chosen.quick else (chosen.clips, chosen.seconds)
    print(measured([media() / name for name in SMALL], count, length) + "\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print(measured(large(Path(folder)), count, length))


if __name__ == "__main__":
    main()
