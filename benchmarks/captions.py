"""Ten 30 s clips made captioned and upright (9:16, followed), seconds a clip beside the plain cut.

The transcript is made up at three words a second: recognition is not what is measured. ``--quick`` takes two clips of 10 s.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks import media, table
from pipeline.media.probe import probe
from pipeline.render.options import RenderOptions
from pipeline.render.render import RenderJob, render_many
from pipeline.values import Cut, Sentence, Span, Timeline, Transcript, Word

SOURCES = (
    "films/sintel_trailer_480p_moviepy.mp4",
    "films/tears-of-steel-battle-clip-medium.webm",
    "films/bbb_480p_171s_5.1.mp4",
)
SAID = "¿Sabías que mañana habrá un descuento increíble? Pues quédate, porque el pingüino te lo cuenta todo ahora."


def made_up(seconds: float) -> Transcript:
    sentences, clock = [], 0.0
    while clock < seconds - 7:
        words = tuple(Word(clock + i / 3, clock + (i + 0.9) / 3, w) for i, w in enumerate(SAID.split()))
        sentences.append(Sentence(words[0].start, words[-1].end, SAID, words))
        clock = words[-1].end + 0.5
    return Transcript("es", seconds, tuple(sentences))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    count, length = (2, 10.0) if parser.parse_args().quick else (10, 30.0)
    cuts = []
    for number in range(count):
        source = media() / SOURCES[number % len(SOURCES)]
        start = (number * 7.0) % max(1.0, probe(source).duration - length)
        cuts.append(Timeline((Cut(str(source), Span(start, start + length), 0.0),)))
    said = made_up(length)
    ways = {
        "plain cut": RenderOptions(loudness=None),
        "plain cut, −14 LUFS": RenderOptions(),
        "captions burned in": RenderOptions(captions=said),
        "9:16, bars": RenderOptions(aspect="9:16", framing="bars"),
        "9:16, followed": RenderOptions(aspect="9:16"),
        "9:16, followed, captions, hook": RenderOptions(aspect="9:16", captions=said, hook="Mañana, el pingüino"),
    }
    rows, base = [], 0.0
    with tempfile.TemporaryDirectory() as name:
        for label, options in ways.items():
            jobs = [RenderJob(cut, Path(name) / f"{n}.mp4", options) for n, cut in enumerate(cuts)]
            begun = time.perf_counter()
            made = render_many(jobs)
            seconds = (time.perf_counter() - begun) / count
            base = base or seconds
            rows.append((label, f"{made[0].width}×{made[0].height}", f"{seconds:.2f}", f"{seconds / base:.1f}×"))
    print(f"{count} clips of {length:g} s\n")
    print(table(("way", "size of the first", "s a clip", "against the plain cut"), rows))


if __name__ == "__main__":
    main()
