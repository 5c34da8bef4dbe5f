"""A clip made ready to post: its shape, what its frame follows, its captions and its hook; subtitles beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.atomic import write_text
from pipeline.captions import subtitles
from pipeline.engine import Engine
from pipeline.framing.framing import CropPath
from pipeline.framing.layouts import Layout
from pipeline.media.values import MediaInfo
from pipeline.messages import Message
from pipeline.progress import Report, no_report, part_of
from pipeline.render.brand import Logo, Music
from pipeline.render.loudness import TARGET
from pipeline.render.options import RenderOptions
from pipeline.render.quality import QUALITIES, estimated
from pipeline.render.shapes import SOURCE
from pipeline.tracks.choice import chosen
from pipeline.values import Span, Timeline, Transcript
from reelify.looks.branding import CARD_SECONDS, around, later, speech_of
from reelify.looks.hands import hands_in
from reelify.requests import Look


def suffix(look: Look, seen: bool) -> str:
    """How a clip's name ends: sound without a picture (not ``seen``) gets one where something is to be seen on it."""
    return ".mp4" if seen or look.captions or look.hook or look.aspect != SOURCE else ".m4a"


def remarks(engine: Engine, sources: Sequence[str], look: Look, transcript: Transcript) -> tuple[Message, ...]:
    """What to say of a clip: which sound was taken and mended, and that captions were wanted where nothing is said."""
    found = [note for source in sources for note in chosen(engine.probe(source), look.track).notes]
    missing = look.captions and not transcript.sentences
    return tuple(dict.fromkeys([*found, *([Message("doubt.no_captions")] if missing else [])]))


@dataclass(frozen=True, slots=True)
class Post:
    """What is posted: a ``plan``, what is said in it and when its key words are said (both on its clock); ``size`` overrides what the
    first piece and the aspect ask for."""

    plan: Timeline
    transcript: Transcript
    keys: tuple[Span, ...] = ()
    size: tuple[int, int] | None = None


def sources_of(engine: Engine, plan: Timeline) -> dict[str, MediaInfo]:
    """What is known of each source of a plan."""
    return {source: engine.probe(source) for source in sorted({cut.source for cut in plan.cuts})}


def options_of(engine: Engine, post: Post, look: Look, known: Mapping[str, MediaInfo]) -> RenderOptions:
    """How a clip is rendered that is to look as ``look`` says; ``known`` are its sources."""
    seen, place, quality = any(info.video for info in known.values()), look.place, QUALITIES[look.quality]
    shots = {s: engine.evidence(s).shots for s in known} if look.aspect != SOURCE and seen else {}
    return RenderOptions(
        aspect=look.aspect, size=post.size, framing=look.framing, shots=shots, hands=hands_in(look.frames, known),
        captions=post.transcript if look.captions else None,
        hook=look.hook, style=look.style, font=look.caption_font, keys=post.keys, safe=place.safe if place else None,
        loudness=place.loudness if place else TARGET, largest=place.largest if place else None,
        crf=quality.crf, preset=quality.preset, sound_rate=quality.sound,
        tracks={info.path: chosen(info, look.track).mixed for info in known.values()},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Posted:
    """What was made: its ``poster``, where there is a picture or one was made, its ``size``, how its frame moves in each cut that was
    followed (``crops``, by the number of the cut), and the clip in its other ``shapes``."""

    poster: Path | None = None
    size: tuple[int, int] = (0, 0)
    crops: Mapping[int, CropPath] = field(default_factory=dict)
    shapes: Mapping[str, Path] = field(default_factory=dict)

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """How each shot is shown, cut by cut."""
        return tuple(one for _, path in sorted(self.crops.items()) for one in path.layouts)


def render_post(engine: Engine, post: Post, path: Path, look: Look, report: Report = no_report) -> Posted:
    """Writes a clip ready to post, in every shape that is asked for; the others lie beside ``path`` with their shape in the name."""
    from pipeline.render.previews import poster
    from pipeline.render.render import render

    known = sources_of(engine, post.plan)
    files = {look.aspect: path}
    files |= {shape: path.with_name(f"{path.stem}_{shape.replace(':', 'x')}.mp4") for shape in look.more_shapes}
    made = []
    for n, (shape, file) in enumerate(files.items()):
        other = replace(look, aspect=shape, also="", platform=look.platform if shape == look.aspect else "")
        given = post if shape == look.aspect else replace(post, size=None)
        whole, options = branded(engine, given, other, path.parent)
        stage = part_of(report, n / len(files), (n + 1) / len(files))
        made.append(render(whole.plan, file, options, stage, sources_of(engine, whole.plan)))
    shown = suffix(look, any(info.video for info in known.values())) == ".mp4"
    still = poster(path, made[0].duration / 3, path.with_suffix(".jpg")) if shown else None
    shapes = {shape: file for shape, file in files.items() if shape != look.aspect}
    first = 1 if look.kit.intro and len(whole.plan.cuts) > len(post.plan.cuts) else 0
    own = range(first, first + len(post.plan.cuts))
    crops = {n - first: path for n, path in made[0].crops.items() if n in own}
    return Posted(still, (made[0].width, made[0].height), crops, shapes)


def branded(engine: Engine, post: Post, look: Look, folder: Path) -> tuple[Post, RenderOptions]:
    """The clip with what its kept look puts around it (files of its own go into ``folder``), and how it is rendered."""
    kit, known = look.kit, sources_of(engine, post.plan)
    seen = any(info.video for info in known.values())
    if seen and (kit.intro or kit.outro or kit.end_card):
        size, fps = _canvas(post, look, known)
        card = None
        if kit.end_card:
            from pipeline.render.drawn import title_card

            name = f"end_card_{size[0]}x{size[1]}.mp4"
            card = title_card(kit.end_card, folder / name, size, fps, CARD_SECONDS, kit.colour)
        plan, start = around(engine, post.plan, kit, card)
        keys = tuple(Span(key.start + start, key.end + start) for key in post.keys)
        post = Post(plan, later(post.transcript, start), keys, size)
        known = sources_of(engine, plan)
    options = options_of(engine, post, look, known)
    if kit.logo and seen:
        options = replace(options, logo=Logo(kit.logo, kit.logo_place, kit.logo_size, kit.logo_opacity))
    if kit.music:
        music = Music(engine.probe(kit.music), kit.music_level, kit.ducking, speech_of(post.transcript))
        options = replace(options, music=music)
    return post, options


def _canvas(post: Post, look: Look, known: Mapping[str, MediaInfo]) -> tuple[tuple[int, int], float]:
    """Size and frame rate that the clip itself asks for, whatever is put around it."""
    from pipeline.render.work import canvas_of

    first = next(info for cut in post.plan.cuts if (info := known[cut.source]).video)
    canvas = canvas_of(first, RenderOptions(aspect=look.aspect, size=post.size))
    return (canvas.width, canvas.height), float(canvas.fps)


def sizes(engine: Engine, plan: Timeline, look: Look) -> dict[str, int]:
    """About how many bytes the clip of ``plan`` will have in each quality; none where there is no picture."""
    from pipeline.render.work import canvas_of

    known = sources_of(engine, plan)
    first = next((info for info in known.values() if info.video), None)
    if first is None:
        return {}
    canvas, largest = canvas_of(first, RenderOptions(aspect=look.aspect)), look.place.largest if look.place else None
    size, fps = (canvas.width, canvas.height), float(canvas.fps)
    return {name: estimated(quality, size, fps, plan.duration, largest) for name, quality in QUALITIES.items()}


def write_subtitles(transcript: Transcript, beside: Path) -> dict[str, Path]:
    """The forms that lie beside a clip, where something is said."""
    forms = [f for f in subtitles.SUBTITLES.values() if f.with_clips and transcript.sentences]
    written = {form.name: beside.with_suffix(f".{form.name}") for form in forms}
    for form in forms:
        write_text(written[form.name], form.write(transcript))
    return written
