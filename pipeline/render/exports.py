"""Results for other programs: tables as CSV and JSON, files as one ZIP.

The same values always give the same bytes: no dates, no random names.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.atomic import beside
from pipeline.errors import NotFound

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these is run as a formula by spreadsheets (OWASP, CSV injection)."""
RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))}
)


def safe_name(name: str, fallback: str = "clip", longest: int = 100) -> str:
    """A file name every system accepts, without folders; accents stay, the ending stays."""
    text = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    text = re.sub(r"[\x00-\x1f\x7f<>:\"|?*]", "_", text).strip(" .")
    stem, dot, ending = text.rpartition(".") if "." in text[1:] else (text, "", "")
    if stem.lower() in RESERVED or not stem or stem.startswith("-"):
        stem = f"{fallback}{stem if stem.startswith('-') else '_' + stem if stem else ''}"
    return _shortened(stem, longest - len(ending) - 1) + (dot + ending if ending else "")


def _shortened(text: str, n_bytes: int) -> str:
    return text.encode("utf-8")[: max(1, n_bytes)].decode("utf-8", "ignore").rstrip(" .")


def to_csv(rows: Sequence[Mapping[Any, Any]]) -> str:
    """Rows as CSV (comma, header, UTF-8); columns in the order they first appear; text cannot act as a formula."""
    import pandas

    return str(
        pandas.DataFrame([{str(k): _cell(v) for k, v in row.items()} for row in rows]).to_csv(
            index=False, lineterminator="\n"
        )
    )


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        value = "; ".join(str(v) for v in value)
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value


def to_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a JSON array of objects, accents readable."""
    import pandas

    frame = pandas.DataFrame(list(rows))
    return str(frame.to_json(orient="records", force_ascii=False, indent=2, double_precision=6))


def to_zip(files: Iterable[Path], out: Path, names: Mapping[Path, str] | None = None) -> Path:
    """The files in one ZIP under safe flat names (numbered when two are equal), stored as they are: media is compressed.

    Raises:
        NotFound: one of them does not exist.
    """
    given = names or {}
    taken: set[str] = set()
    with beside(out) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for file in files:
            if not file.is_file():
                raise NotFound(name=file.name)
            entry = zipfile.ZipInfo(_unused(safe_name(given.get(file, file.name)), taken), ZIP_EPOCH)
            entry.external_attr = 0o644 << 16
            entry.file_size = file.stat().st_size
            with file.open("rb") as source, archive.open(entry, "w", force_zip64=entry.file_size > 2**31) as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)
    return out


def _unused(name: str, taken: set[str]) -> str:
    stem, dot, ending = name.rpartition(".") if "." in name[1:] else (name, "", "")
    candidate, number = name, 2
    while candidate.casefold() in taken:
        candidate, number = f"{stem} ({number}){dot}{ending}", number + 1
    taken.add(candidate.casefold())
    return candidate
