"""Any address that somebody gives: of a media file, or of a page with a video of a site that the operator allows (``LINK_SITES``)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from pipeline.errors import BadGateway, StudioError, TooLarge, UnsupportedFormat
from pipeline.files import downloads
from pipeline.files.downloads import Probe, Remote
from pipeline.files.received import Stored, need_space, part_of
from pipeline.links.visits import Visited, visit
from pipeline.media import ffmpeg
from pipeline.messages import message
from pipeline.progress import Report, no_report
from pipeline.settings import Settings

PAGES = ("error.url_page", "error.url_status")
"""What an address says that is of no file: a page, or nothing without a script."""


def look(url: str, settings: Settings, probe: Probe | None = None) -> Remote:
    """As :func:`pipeline.files.downloads.look`, for links too.

    Raises:
        As there; BadRequest: a link to several videos, or to one that is on air.
    """
    try:
        return downloads.look(url, settings, probe)
    except (UnsupportedFormat, BadGateway) as error:
        _may_be_link(error, settings)
        with visit(url, settings, download=False) as found:
            there = _known(found, error, settings)
            return Remote(there.name, downloads.suffix_here(there.name, settings), there.size)


def fetch(url: str, settings: Settings, report: Report = no_report, probe: Probe | None = None) -> Path:
    """Download ``url`` into the uploads folder and return the file; see :func:`download`."""
    return download(url, settings, report, probe).path


def download(
    url: str, settings: Settings, report: Report = no_report, probe: Probe | None = None, target: Path | None = None
) -> Stored:
    """As :func:`pipeline.files.downloads.download`, for links too: what their site tells of a video (chapters, what was most replayed)
    lies beside the file as ``NAME.info.json``.

    Raises:
        As there; BadRequest: a link to several videos, or to one that is on air.
    """
    try:
        return downloads.download(url, settings, report, probe, target)
    except (UnsupportedFormat, BadGateway) as error:
        _may_be_link(error, settings)
        with visit(url, settings, report, download=True) as found:
            return _kept(_known(found, error, settings), url, settings, report, probe, target)


def evidence_of(path: Path) -> Path:
    """Where lies what a site told of the video at ``path``."""
    return path.with_name(f"{path.stem}.info.json")


def _may_be_link(error: StudioError, settings: Settings) -> None:
    if error.message.code not in PAGES or not settings.link_sites:
        raise error


def _known(found: Visited | None, error: StudioError, settings: Settings) -> Visited:
    """Raises what was said first where no allowed site knows the link, with those that are."""
    if found is not None:
        return found
    if error.message.code != "error.url_page":
        raise error
    sites = ", ".join(name.rpartition(":")[2] for name in settings.link_sites)
    raise UnsupportedFormat("error.url_page_links", name=error.message.values.get("name"), format="html", sites=sites)


def _kept(
    found: Visited, url: str, settings: Settings, report: Report, probe: Probe | None, target: Path | None
) -> Stored:
    """The files of a visit as one, in the uploads folder."""
    if not found.files and (found.size or 0) > settings.max_download:
        limit, actual = settings.max_download, found.size or 0
        raise TooLarge("error.upload_too_large", name=found.name, limit=limit, actual=actual)
    if not found.files:
        raise BadGateway("error.link_failed", name=url[:200])
    need_space(settings.uploads, sum(file.stat().st_size for file in found.files))
    final = target or downloads.new_file(found.name, settings)
    part, evidence = part_of(final), evidence_of(final)
    try:
        if len(found.files) == 1:
            shutil.move(found.files[0], part)
        else:
            _together(found.files, part, report)
        part.rename(final)
        (probe or downloads.probed)(final)
        evidence.write_text(json.dumps(found.info), encoding="utf-8")
    except BaseException:
        for left in (part, final, evidence):
            left.unlink(missing_ok=True)
        raise
    return Stored(final, found.name, final.stat().st_size)


def _together(files: tuple[Path, ...], out: Path, report: Report) -> None:
    """Picture and sound in one file, as they are."""
    inputs = [argument for file in files[:2] for argument in ffmpeg.safe_input(file)]
    streams = ["-map", "0:v:0", "-map", "1:a:0", "-c", "copy", "-f", "matroska"]
    ffmpeg.run(
        [*inputs, *streams, ffmpeg.safe_output(out)],
        report=report,
        stage=message("progress.downloading", name=out.name),
    )
