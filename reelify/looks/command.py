"""``reelify look``: keep looks, list and forget them, from a command line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pipeline.captions.styles import STYLES
from pipeline.engine import Engine
from pipeline.errors import NotFound
from pipeline.progress import Report
from pipeline.settings import Settings
from reelify.looks.kits import CORNERS, FILES, Kit, Kits, of_json

HELP: Mapping[str, str] = {
    "style": "look of the captions: a name or a JSON object",
    "font": "font file (TTF, OTF) of the captions",
    "logo": "picture (PNG, JPEG, WebP) in a corner",
    "logo_place": f"its corner: {', '.join(CORNERS)}",
    "logo_size": "its width as a share of the picture's, 0.03 to 0.5",
    "logo_opacity": "0.05 to 1",
    "intro": "video before every clip",
    "outro": "video after every clip",
    "end_card": "text of a card after every clip; empty for none",
    "colour": "the card's colour, #rrggbb",
    "music": "music under every clip",
    "music_level": "how loud, decibels against the clip, -40 to 0",
    "ducking": "decibels lower where somebody speaks, 0 to 30",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments: one for each field of a kit."""
    parser.add_argument("name", nargs="?", default="", help="the look's name; without it all are listed")
    parser.add_argument("--remove", action="store_true", help="forget it")
    for field in (f for f in fields(Kit) if f.name != "name"):
        kind = Path if field.name in FILES else type(field.default)
        flag = "--" + field.name.replace("_", "-")
        parser.add_argument(flag, type=kind, default=None, dest=field.name, help=HELP[field.name])


def look(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    """Keeps, lists or forgets a look of this machine's command line."""
    kits = Kits.of(settings.data_dir, "")
    if options.name and options.remove:
        kits.remove(options.name)
    given = {f.name: value for f in fields(Kit) if (value := getattr(options, f.name, None)) is not None}
    if options.name and not options.remove and len(given) > 1:
        files = {name: value for name, value in given.items() if name in FILES}
        for file in files.values():
            if not file.is_file():
                raise NotFound(name=str(file))
        before = {k: v for k, v in _known(kits, options.name).items() if k not in FILES}
        kits.save(
            of_json({**before, **{k: v for k, v in given.items() if k not in FILES}}, files), Engine(settings).probe
        )
    shown = [kit.to_json() for kit in kits.all() if not options.name or kit.name == options.name]
    return {"looks": shown, "styles": list(STYLES)}


def _known(kits: Kits, name: str) -> dict[str, Any]:
    try:
        return kits.get(name).to_json()
    except NotFound:
        return {}


def shown(result: Mapping[str, Any], language: str) -> str:
    """A line a look, then the captions' looks that the product brings."""
    lines = [
        f"{kit['name']}: " + ", ".join(f"{k}={v}" for k, v in kit.items() if v and k != "name")
        for kit in result["looks"]
    ]
    return "\n".join([*lines, "– " + ", ".join(result["styles"])])
