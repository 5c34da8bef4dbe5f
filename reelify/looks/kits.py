"""Kept looks: what somebody wants on all of their clips, by a name of theirs.

A kit is a folder with one JSON object and the files it brings. Whose it is, is the folder it lies in: the store of one owner knows
nothing of another's.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from pipeline.captions.own_fonts import checked as checked_font
from pipeline.captions.styles import COLOUR, style_of
from pipeline.errors import BadRequest, NotFound

Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
CORNERS: tuple[str, ...] = get_args(Corner)
NAME = re.compile(r"[\w][\w .+-]{0,39}")
MOST_KITS = 50
"""Of one owner."""
DESCRIPTION = "kit.json"
LARGEST_LOGO = 4096
"""Pixels of a side."""
LONGEST_CARD = 200
RANGES: Mapping[str, tuple[float, float]] = {
    "logo_size": (0.03, 0.5),
    "logo_opacity": (0.05, 1.0),
    "music_level": (-40.0, 0.0),
    "ducking": (0.0, 30.0),
}


@dataclass(frozen=True, slots=True)
class Kit:
    """A look by ``name``.

    ``style`` is a caption style as :func:`pipeline.captions.styles.style_of` reads it, ``font`` its font file. The ``logo`` is
    ``logo_size`` of the picture's width wide, at a corner. ``intro`` and ``outro`` are put before and after a clip; ``end_card`` is a
    text on a card in ``colour`` after it, none unless it is said. ``music`` plays at ``music_level`` decibels below the clip's loudness,
    ``ducking`` decibels lower where somebody speaks.
    """

    name: str = ""
    style: str = ""
    font: Path | None = None
    logo: Path | None = None
    logo_place: str = "top-right"
    logo_size: float = 0.16
    logo_opacity: float = 0.9
    intro: Path | None = None
    outro: Path | None = None
    end_card: str = ""
    colour: str = "#101622"
    music: Path | None = None
    music_level: float = -12.0
    ducking: float = 12.0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; files by their names."""
        return {name: value.name if isinstance(value, Path) else value for name, value in asdict(self).items()}


FILES: tuple[str, ...] = tuple(f.name for f in fields(Kit) if "Path" in str(f.type))
"""The fields that are files."""
Probe = Callable[[Path], Any]
"""``probe(path)``: facts of a media file with ``video`` and ``audio``; raises UserError where it is none."""


def of_json(body: Mapping[str, Any], files: Mapping[str, Path]) -> Kit:
    """The kit that ``body`` describes, with ``files`` by field.

    Raises:
        BadRequest: a field is unknown or out of its range.
    """
    known = {f.name for f in fields(Kit)}
    if unknown := set(body) - known:
        raise BadRequest("error.field", field=min(unknown), detail=", ".join(sorted(known)))
    values = {name: value for name, value in body.items() if name not in FILES and value is not None}
    kit = Kit(**{**values, **files})
    _check(kit)
    return kit


def _check(kit: Kit) -> None:
    if not isinstance(kit.name, str) or not NAME.fullmatch(kit.name):
        raise BadRequest("error.kit_name", name=str(kit.name)[:60])
    if kit.logo_place not in CORNERS:
        raise BadRequest("error.not_a_choice", field="logo_place", choices=", ".join(CORNERS))
    for name, (low, high) in RANGES.items():
        value = getattr(kit, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise BadRequest("error.out_of_range", field=name, low=low, high=high)
    if not isinstance(kit.colour, str) or not COLOUR.fullmatch(kit.colour):
        raise BadRequest("error.field", field="colour", detail="#rrggbb")
    if not isinstance(kit.end_card, str) or len(kit.end_card) > LONGEST_CARD:
        raise BadRequest("error.field", field="end_card", detail=f"≤ {LONGEST_CARD}")
    if not isinstance(kit.style, str):
        raise BadRequest("error.field", field="style", detail=str(kit.style)[:60])
    style_of(kit.style)


class Kits:
    """The kits of one owner, in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, data_dir: Path, owner: str) -> Kits:
        """Those of ``owner`` (``""``: of programs and of this machine's command line)."""
        return cls(data_dir / "looks" / (hashlib.sha256(owner.encode()).hexdigest()[:32] if owner else "local"))

    def all(self) -> tuple[Kit, ...]:
        """Every kit by name."""
        found = (self._read(path.parent) for path in sorted(self.folder.glob(f"*/{DESCRIPTION}")))
        return tuple(sorted((kit for kit in found if kit is not None), key=lambda kit: kit.name.casefold()))

    def styles(self) -> dict[str, str]:
        """The caption style of each kit by its name."""
        return {kit.name: kit.style for kit in self.all() if kit.style}

    def get(self, name: str) -> Kit:
        """The kit of this name. Raises NotFound."""
        kit = self._read(self._home(name))
        if kit is None:
            raise NotFound("error.no_such_kit", name=name[:60])
        return kit

    def save(self, kit: Kit, probe: Probe) -> Kit:
        """Keeps ``kit`` and copies of its files; one of the same name is replaced, and a file that it does not bring stays as it was.

        Raises:
            BadRequest, UserError: a file is not what it should be. BadRequest: there are too many kits.
        """
        _check(kit)
        before = self._read(self._home(kit.name))
        if before is None and len(self.all()) >= MOST_KITS:
            raise BadRequest("error.too_many_kits", most=MOST_KITS)
        kept: dict[str, Any] = {n: getattr(kit, n) or (getattr(before, n) if before else None) for n in FILES}
        kit = replace(kit, **kept)
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".new-") as made:
            kept |= {n: _kept(n, file, Path(made), probe) for n in FILES if (file := getattr(kit, n)) is not None}
            described = replace(kit, **kept).to_json()
            (Path(made) / DESCRIPTION).write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")
            home = self._home(kit.name)
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(made, home)
        return self.get(kit.name)

    def remove(self, name: str) -> None:
        """Forgets a kit and its files. Raises NotFound."""
        self.get(name)
        shutil.rmtree(self._home(name), ignore_errors=True)

    def _home(self, name: str) -> Path:
        return self.folder / hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]

    def _read(self, home: Path) -> Kit | None:
        try:
            body = json.loads((home / DESCRIPTION).read_text(encoding="utf-8"))
            files = {n: home / body[n] for n in FILES if body.get(n)}
            return of_json(body, files)
        except (OSError, ValueError, TypeError, BadRequest):
            return None  # of another version, or gone meanwhile


def _kept(kind: str, file: Path, folder: Path, probe: Probe) -> Path:
    """A copy of ``file`` in ``folder``, once it is known to be what field ``kind`` asks for."""
    if kind == "font":
        checked_font(file)
    elif kind == "logo":
        return _picture(file, folder / "logo.png")
    else:
        info = probe(file)
        if (kind == "music" and not info.audio) or (kind != "music" and not info.video):
            raise BadRequest("error.kit_file", name=file.name, field=kind)
    suffix = re.sub(r"[^a-z0-9]", "", file.suffix.lower())[:8]
    return Path(shutil.copyfile(file, folder / f"{kind}.{suffix or 'bin'}"))


def _picture(file: Path, out: Path) -> Path:
    """A picture as a PNG of our own writing: what it hid beside its pixels stays behind."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file, formats=("PNG", "JPEG", "WEBP")) as picture:
            if max(picture.size) > LARGEST_LOGO:
                raise BadRequest("error.kit_file", name=file.name, field="logo")
            picture.convert("RGBA").save(out)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError) as error:
        raise BadRequest("error.kit_file", name=file.name, field="logo") from error
    return out


__all__ = ["CORNERS", "FILES", "Kit", "Kits", "of_json"]
