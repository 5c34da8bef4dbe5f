"""FCPXML 1.10: Final Cut Pro and DaVinci Resolve. Written after Apple's document type definition; all times are rational.

Positions are percent of the result's height, up and right. Captions are titles, reasons markers, crops keyframes of the position.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

from pipeline.captions.cues import cues
from pipeline.editors.moves import Key, Move, move_of
from pipeline.editors.timecode import DROP_FRAME, rational
from pipeline.editors.values import (
    Handover,
    Placed,
    file_name,
    has_picture,
    has_sound,
    placed,
    shown_size,
    source_frames,
)

VERSION = "1.10"
TITLE = ".../Titles.localized/Bumper:Opener.localized/Basic Title.localized/Basic Title.moti"
TEXT_Y = -36
"""Where captions are, percent of the height under the middle."""
COLOURS = "1-1-1 (Rec. 709)"


def to_fcpxml(given: Handover) -> str:
    """The plan as one project in one event."""
    root = ET.Element("fcpxml", version=VERSION)
    resources = ET.SubElement(root, "resources")
    ids = _resources(resources, given)
    event = ET.SubElement(ET.SubElement(root, "library"), "event", name=given.name)
    sequence = ET.SubElement(
        ET.SubElement(event, "project", name=given.name), "sequence", format="r1", duration=rational(given.frames, given.fps),
        tcStart="0s", tcFormat="DF" if given.fps == DROP_FRAME else "NDF", audioLayout="stereo", audioRate="48k",
    )  # fmt: skip
    spine = ET.SubElement(sequence, "spine")
    clock = 0
    for one in placed(given):
        if one.at > clock:
            gap = ET.SubElement(spine, "gap", name="Gap", offset=rational(clock, given.fps), start="0s")
            gap.set("duration", rational(one.at - clock, given.fps))
        _clip(spine, given, one, ids)
        clock = one.end
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{ET.tostring(root, encoding="unicode")}\n'


def _resources(parent: ET.Element, given: Handover) -> dict[str, str]:
    """Formats, files and the title, by the ids that clips name them with."""
    frame = rational(1, given.fps)
    shape = ET.SubElement(
        parent, "format", id="r1", name="FFVideoFormatRateUndefined", frameDuration=frame, colorSpace=COLOURS
    )
    shape.attrib |= {"width": str(given.size[0]), "height": str(given.size[1])}
    ids: dict[str, str] = {}
    for source in dict.fromkeys(p.cut.source for p in placed(given)):
        ids[source] = f"a{len(ids) + 1}"
        asset = ET.SubElement(
            parent, "asset", id=ids[source], name=Path(source).name, start="0s", duration=rational(source_frames(given, source), given.fps)
        )  # fmt: skip
        if has_picture(given, source):
            wide, high = shown_size(given, source)
            own = f"f{len(ids)}"
            ET.SubElement(
                parent, "format", id=own, name="FFVideoFormatRateUndefined", frameDuration=_own_frame(given, source), width=str(wide),
                height=str(high), colorSpace=COLOURS,
            )  # fmt: skip
            asset.attrib |= {"hasVideo": "1", "videoSources": "1", "format": own}
        if has_sound(given, source):
            info = given.media.get(source)
            channels, rate = (info.audio[0].channels, info.audio[0].rate) if info and info.audio else (2, 48000)
            asset.attrib |= {
                "hasAudio": "1",
                "audioSources": "1",
                "audioChannels": str(channels),
                "audioRate": str(rate),
            }
        ET.SubElement(asset, "media-rep", kind="original-media", src=Path(source).absolute().as_uri())
    if given.captions and given.captions.sentences:
        ET.SubElement(parent, "effect", id="t1", name="Basic Title", uid=TITLE)
    return ids


def own_rate(given: Handover, source: str) -> Fraction:
    """A source's frame rate; the result's where it is not known or not constant."""
    from pipeline.render.graph import frame_rate

    info = given.media.get(source)
    return frame_rate(info) if info and info.video and not info.video.variable_rate else given.fps


def _own_frame(given: Handover, source: str) -> str:
    return rational(1, own_rate(given, source))


def _clip(spine: ET.Element, given: Handover, one: Placed, ids: dict[str, str]) -> None:
    fps, source = given.fps, one.cut.source
    local = _local(one)
    clip = ET.SubElement(
        spine, "asset-clip", ref=ids[source], name=file_name(one.cut), offset=rational(one.at, fps), start=rational(local, fps),
        duration=rational(one.length, fps), tcFormat="DF" if fps == DROP_FRAME else "NDF",
    )  # fmt: skip
    if has_sound(given, source):
        clip.set("audioRole", "dialogue")
    if has_picture(given, source) and own_rate(given, source) != fps:
        ET.SubElement(clip, "conform-rate", scaleEnabled="0", srcFrameRate=_named(own_rate(given, source)))
    if abs(one.cut.rate - 1.0) > 1e-9:
        total, rate = source_frames(given, source), Fraction(one.cut.rate).limit_denominator(100_000)
        speed = ET.SubElement(clip, "timeMap")
        ET.SubElement(speed, "timept", time="0s", value="0s", interp="linear")
        ET.SubElement(speed, "timept", time=rational(total * rate, fps), value=rational(total, fps), interp="linear")
    if has_picture(given, source):
        _drawn(clip, given, one, move_of(given, one))
    _titles(clip, given, one)
    for marker in given.markers:
        frame = given.frame(marker.at)
        if one.at <= frame < one.end:
            at = rational(local + frame - one.at, fps)
            found = ET.SubElement(clip, "marker", start=at, duration=rational(1, fps), value=marker.name)
            if marker.note:
                found.set("note", marker.note)


def _local(one: Placed) -> Fraction:
    """Where a clip begins on its own clock: that of the source, stretched by its speed."""
    return one.first * Fraction(one.cut.rate).limit_denominator(100_000)


def _named(fps: Fraction) -> str:
    """A frame rate as ``conform-rate`` names it."""
    return f"{float(fps):.2f}".rstrip("0").rstrip(".")


def _drawn(clip: ET.Element, given: Handover, one: Placed, move: Move) -> None:
    ET.SubElement(clip, "adjust-conform", type="fill" if move.fills else "fit")
    if move.plain:
        return
    scale = f"{move.zoom:g} {move.zoom:g}"
    transform = ET.SubElement(clip, "adjust-transform", scale=scale, anchor="0 0")
    if len(move.keys) == 1:
        transform.set("position", _position(move.keys[0], given))
        return
    animation = ET.SubElement(ET.SubElement(transform, "param", name="position"), "keyframeAnimation")
    rate = Fraction(one.cut.rate).limit_denominator(100_000)
    for key in move.keys:
        # A position's keyframe takes no curve: between two the way is straight.
        ET.SubElement(animation, "keyframe", time=rational(key.frame * rate, given.fps), value=_position(key, given))


def _position(key: Key, given: Handover) -> str:
    high = given.size[1]
    return f"{100 * key.x / high:.4f} {-100 * key.y / high:.4f}"


def _titles(clip: ET.Element, given: Handover, one: Placed) -> None:
    """The captions that begin in a cut; they may go on over the next."""
    if given.captions is None:
        return
    for number, cue in enumerate(cues(given.captions), 1):
        begin, end = given.frame(cue.start), max(given.frame(cue.end), given.frame(cue.start) + 1)
        if not one.at <= begin < one.end:
            continue
        title = ET.SubElement(
            clip, "title", ref="t1", lane="1", name=" ".join(cue.lines)[:60], offset=rational(_local(one) + begin - one.at, given.fps),
            start="0s", duration=rational(end - begin, given.fps),
        )  # fmt: skip
        style = f"ts{one.number}-{number}"
        ET.SubElement(ET.SubElement(title, "text"), "text-style", ref=style).text = "\n".join(cue.lines)
        known = ET.SubElement(title, "text-style-def", id=style)
        ET.SubElement(
            known, "text-style", font="Helvetica", fontSize=str(round(given.size[1] * 0.045)), fontFace="Bold", fontColor="1 1 1 1",
            strokeColor="0 0 0 1", strokeWidth="2", alignment="center",
        )  # fmt: skip
        ET.SubElement(title, "adjust-transform", position=f"0 {TEXT_Y}")
