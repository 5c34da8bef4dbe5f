"""Final Cut Pro 7 XML (xmeml 5): Premiere Pro, also Resolve. All times are frames of the sequence.

Captions have no form there that editors agree on: the SubRip file beside the clip is imported as captions. Positions are shares of the
source's own size, right and down; a scale is percent of its own pixels.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from pipeline.editors.moves import Key, move_of
from pipeline.editors.timecode import DROP_FRAME, NTSC_RATES, nominal
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

STEREO = 2


def to_xmeml(given: Handover) -> str:
    """The plan as one sequence."""
    root = ET.Element("xmeml", version="5")
    sequence = ET.SubElement(root, "sequence", id="sequence-1")
    _values(sequence, {"name": given.name, "duration": given.frames})
    _rate(sequence, given.fps)
    code = ET.SubElement(sequence, "timecode")
    _rate(code, given.fps)
    drop = given.fps == DROP_FRAME
    _values(
        code, {"string": "00:00:00;00" if drop else "00:00:00:00", "frame": 0, "displayformat": "DF" if drop else "NDF"}
    )
    media = ET.SubElement(sequence, "media")
    picture, sound = ET.SubElement(media, "video"), ET.SubElement(media, "audio")
    looks = ET.SubElement(ET.SubElement(picture, "format"), "samplecharacteristics")
    _rate(looks, given.fps)
    _values(looks, {"width": given.size[0], "height": given.size[1], "pixelaspectratio": "square"})
    _values(ET.SubElement(ET.SubElement(sound, "format"), "samplecharacteristics"), {"depth": 16, "samplerate": 48000})
    described: set[str] = set()
    track = ET.SubElement(picture, "track")
    for one in placed(given):
        if has_picture(given, one.cut.source):
            _filters(_item(track, given, one, "video", 1, described), given, one)
    for channel in range(1, STEREO + 1):
        track = ET.SubElement(sound, "track")
        for one in placed(given):
            if has_sound(given, one.cut.source):
                _item(track, given, one, "audio", channel, described)
        _values(track, {"outputchannelindex": channel})
    for marker in given.markers:
        _values(
            ET.SubElement(sequence, "marker"),
            {"comment": marker.note, "name": marker.name, "in": given.frame(marker.at), "out": -1},
        )
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{ET.tostring(root, encoding="unicode")}\n'


def _values(parent: ET.Element, values: dict[str, Any]) -> None:
    for name, value in values.items():
        ET.SubElement(parent, name).text = str(value)


def _rate(parent: ET.Element, fps: Fraction) -> None:
    _values(ET.SubElement(parent, "rate"), {"timebase": nominal(fps), "ntsc": "TRUE" if fps in NTSC_RATES else "FALSE"})


def _item(track: ET.Element, given: Handover, one: Placed, kind: str, channel: int, described: set[str]) -> ET.Element:
    """A cut on one track; picture and sounds of a cut name each other."""
    source = one.cut.source
    item = ET.SubElement(track, "clipitem", id=_id(one, kind, channel))
    begin = round(one.first * Fraction(one.cut.rate))
    _values(item, {"name": file_name(one.cut), "enabled": "TRUE", "duration": source_frames(given, source)})
    _rate(item, given.fps)
    _values(item, {"start": one.at, "end": one.end, "in": begin, "out": begin + one.length})
    _file(item, given, source, described)
    _values(ET.SubElement(item, "sourcetrack"), {"mediatype": kind, "trackindex": channel})
    there = [("video", 1)] if has_picture(given, source) else []
    there += [("audio", n) for n in range(1, STEREO + 1)] if has_sound(given, source) else []
    for other, n in there:
        link = ET.SubElement(item, "link")
        _values(
            link, {"linkclipref": _id(one, other, n), "mediatype": other, "trackindex": n, "clipindex": one.number + 1}
        )
    return item


def _id(one: Placed, kind: str, channel: int) -> str:
    return f"clipitem-{one.number + 1}-{kind}-{channel}"


def _file(item: ET.Element, given: Handover, source: str, described: set[str]) -> None:
    """A source, told in full where it is named first."""
    number = list(dict.fromkeys(p.cut.source for p in placed(given))).index(source) + 1
    file = ET.SubElement(item, "file", id=f"file-{number}")
    if source in described:
        return
    described.add(source)
    address = "file://localhost" + quote(Path(source).absolute().as_posix())
    _values(file, {"name": Path(source).name, "pathurl": address})
    _rate(file, given.fps)
    _values(file, {"duration": source_frames(given, source)})
    media = ET.SubElement(file, "media")
    if has_picture(given, source):
        wide, high = shown_size(given, source)
        looks = ET.SubElement(ET.SubElement(media, "video"), "samplecharacteristics")
        _values(looks, {"width": wide, "height": high, "pixelaspectratio": "square"})
    if has_sound(given, source):
        info = given.media.get(source)
        channels, rate = (info.audio[0].channels, info.audio[0].rate) if info and info.audio else (STEREO, 48000)
        sound = ET.SubElement(media, "audio")
        _values(ET.SubElement(sound, "samplecharacteristics"), {"depth": 16, "samplerate": rate})
        _values(sound, {"channelcount": channels})


def _filters(item: ET.Element, given: Handover, one: Placed) -> None:
    if abs(one.cut.rate - 1.0) > 1e-9:
        effect = _effect(item, "Time Remap", "timeremap")
        _values(_parameter(effect, "speed"), {"value": f"{100 / one.cut.rate:.4f}"})
    move = move_of(given, one)
    if move.plain and abs(move.scale - 1.0) < 1e-6:
        return
    effect = _effect(item, "Basic Motion", "basic")
    _values(_parameter(effect, "scale"), {"value": f"{100 * move.scale:.4f}"})
    centre, size = _parameter(effect, "center"), shown_size(given, one.cut.source)
    _place(centre, move.keys[0], size)
    for key in move.keys if len(move.keys) > 1 else ():
        frame = ET.SubElement(centre, "keyframe")
        _values(frame, {"when": round(key.frame * Fraction(one.cut.rate))})
        _place(frame, key, size)


def _effect(item: ET.Element, name: str, code: str) -> ET.Element:
    effect = ET.SubElement(ET.SubElement(item, "filter"), "effect")
    _values(
        effect,
        {"name": name, "effectid": code, "effectcategory": "motion", "effecttype": "motion", "mediatype": "video"},
    )
    return effect


def _parameter(effect: ET.Element, name: str) -> ET.Element:
    parameter = ET.SubElement(effect, "parameter")
    _values(parameter, {"parameterid": name, "name": name.capitalize()})
    return parameter


def _place(parent: ET.Element, key: Key, size: tuple[int, int]) -> None:
    _values(ET.SubElement(parent, "value"), {"horiz": f"{key.x / size[0]:.6f}", "vert": f"{key.y / size[1]:.6f}"})
