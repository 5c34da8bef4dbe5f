"""Fetching a video from a public address: http(s) only, every hop checked, size-capped, to disk, real media only."""

from __future__ import annotations

import ssl
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urljoin, urlsplit

import certifi
import httpcore

from pipeline.errors import BadGateway, BadRequest, TooLarge, UnreadableMedia, UnsupportedFormat
from pipeline.files.addresses import PublicOnly
from pipeline.files.pace import ANSWER, Pace, Paced
from pipeline.files.received import CHUNK, Sink, Stored, need_space, shown_name
from pipeline.messages import message
from pipeline.progress import Report, no_report
from pipeline.settings import Settings

HOPS = 5
FIRST = 256 * 1024
"""Bytes of the beginning that are looked at before a download."""
PATIENCE = 20.0
"""Seconds that a look at the beginning may take, redirects and all."""
SIGNATURES = (
    b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"fLaC", b"ID3", b"FLV", b"0&\xb2u\x8ef\xcf\x11", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3",
    b"FORM", b"caff", b".RMF", b"\x06\x0e+4",
)  # fmt: skip
"""Matroska/WebM, AVI and WAV, Ogg, FLAC, MP3 with tags, Flash, ASF/WMV, MPEG-PS and -ES, AIFF, CAF, RealMedia, MXF."""
PAGES = ("text/html", "application/xhtml+xml")
AGENT = "Mozilla/5.0 (compatible; reelify-syncdub)"
Probe = Callable[[Path], Any]
T = TypeVar("T")


def fetch(url: str, settings: Settings, report: Report = no_report, probe: Probe | None = None) -> Path:
    """Download ``url`` into the uploads folder and return the file; see :func:`download`."""
    return download(url, settings, report, probe).path


def download(
    url: str, settings: Settings, report: Report = no_report, probe: Probe | None = None, target: Path | None = None
) -> Stored:
    """Download ``url`` into the uploads folder; ``probe`` (default :func:`pipeline.media.probe.probe`) decides what is media.

    ``target`` is the file it becomes, by default a new one.

    Raises:
        BadRequest: not an http(s) address. Forbidden: it leads to an address that is not public.
        BadGateway: the other side does not deliver. TooLarge: over ``MAX_DOWNLOAD``.
        UnsupportedFormat, UnreadableMedia: not media. DiskFull. Nothing stays on the disk then.
    """
    course = _Course(report, _name(url))
    with _pool(settings, Pace(course.tell)) as line:
        stored = _receive(line, checked(url), lambda r, final: _save(r, final, settings, course, target))
    try:
        (probe or probed)(stored.path)
    except BaseException:
        stored.path.unlink(missing_ok=True)
        raise
    return stored


@dataclass(frozen=True, slots=True)
class Remote:
    """What an address leads to: the file's name, the suffix it gets here, its bytes where the other side says."""

    name: str
    suffix: str
    size: int | None


def look(url: str, settings: Settings, probe: Probe | None = None) -> Remote:
    """Ask for ``url`` and read its beginning only: everything that can be known before it is downloaded.

    A film whose index lies at its end passes by its first bytes alone; :func:`download` looks at all of it.

    Raises:
        As :func:`download`.
    """
    with _pool(settings, Pace(lambda: None, PATIENCE)) as line:
        head = _receive(line, checked(url), lambda r, final: _head(r, final, settings))
    return _looked_at(*head, settings, probe or probed)


def _head(response: httpcore.Response, url: str, settings: Settings) -> tuple[str, int | None, bytes]:
    """Name, announced size and first bytes of an answer."""
    name, length = _announced(response, url, settings)
    head = bytearray()
    for data in response.iter_stream():
        head += data
        if len(head) >= FIRST:
            break
    return name, length, bytes(head[:FIRST])


def _looked_at(name: str, length: int | None, head: bytes, settings: Settings, probe: Probe) -> Remote:
    settings.temp_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="look-", dir=settings.temp_dir) as folder:
        beginning = Path(folder, name.replace("/", "_"))
        beginning.write_bytes(head)
        try:
            probe(beginning)
        except UnreadableMedia:
            if len(head) < FIRST or not begins_like_media(head):
                raise
    return Remote(name, suffix_here(name, settings), length)


def begins_like_media(head: bytes) -> bool:
    """Whether these first bytes are those of a container whose rest may be needed to read it."""
    boxes = head[4:8] in {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
    return boxes or head.startswith(SIGNATURES) or (head[:1] == head[188:189] == head[376:377] == b"\x47")


def probed(path: Path) -> Any:
    from pipeline.media.probe import probe

    return probe(path)


def checked(url: str) -> str:
    """``url`` if it is a usable http(s) address. Raises BadRequest."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise BadRequest("error.url_invalid", name=url[:200]) from error
    if parts.scheme.lower() not in {"http", "https"}:
        raise BadRequest("error.url_scheme", scheme=parts.scheme[:20] or url[:20])
    if not parts.hostname or port == 0 or any(ord(c) < 33 for c in url.strip()) or "\\" in parts.netloc:
        raise BadRequest("error.url_invalid", name=url[:200])
    return url.strip()


class _Course:
    """How far a download is, told at every look, so that it stops within moments of being told to."""

    def __init__(self, report: Report, name: str) -> None:
        self._report = report
        self.fraction, self.name = 0.0, name

    def tell(self) -> None:
        self._report(self.fraction, message("progress.downloading", name=self.name))


@dataclass(frozen=True, slots=True)
class _Line:
    """Connections, and the time limits of the transfer they are for."""

    pool: httpcore.ConnectionPool
    pace: Pace


@contextmanager
def _pool(settings: Settings, pace: Pace) -> Iterator[_Line]:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    backend = Paced(PublicOnly(settings.allow_private_urls), pace)
    with httpcore.ConnectionPool(ssl_context=context, network_backend=backend, max_connections=2) as pool:
        yield _Line(pool, pace)


def _receive(line: _Line, url: str, use: Callable[[httpcore.Response, str], T]) -> T:
    """What ``use`` makes of the answer and of the address that gave it, after redirects."""
    for _ in range(HOPS + 1):
        with _mapped(url), _request(line, url) as response:
            if 300 <= response.status < 400 and (target := _header(response, b"location")):
                url = checked(urljoin(url, target))
                continue
            if response.status != 200:
                raise BadGateway("error.url_status", name=_host(url), status=response.status)
            return use(response, url)
    raise BadGateway("error.url_redirects", name=_host(url))


@contextmanager
def _request(line: _Line, url: str) -> Iterator[httpcore.Response]:
    headers: dict[bytes | str, bytes | str] = {
        "Host": _authority(url),
        "User-Agent": AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }
    line.pace.waits(ANSWER)  # a connection that is open already is used again after a redirect
    with line.pool.stream("GET", _ascii(url), headers=headers) as response:
        line.pace.flows()
        yield response


@contextmanager
def _mapped(url: str) -> Iterator[None]:
    """The border where httpcore's errors become ours."""
    try:
        yield
    except BadGateway as error:
        if error.message.values.get("name") == "":  # the pace knows no names
            raise BadGateway(error.message.code, name=_host(url)) from error
        raise
    except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.UnsupportedProtocol, UnicodeError) as error:
        raise BadGateway(name=_host(url)) from error
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise BadGateway("error.url_incomplete", name=_host(url)) from error


def _announced(response: httpcore.Response, url: str, settings: Settings) -> tuple[str, int | None]:
    """Name and size of what an answer promises. Raises UnsupportedFormat, TooLarge, DiskFull."""
    name = _name(url)
    if _header(response, b"content-type").split(";")[0].strip().lower() in PAGES:
        raise UnsupportedFormat("error.url_page", name=name, format="html")
    length = _length(response)
    if length is not None and length > settings.max_download:
        raise TooLarge("error.upload_too_large", name=name, limit=settings.max_download, actual=length)
    need_space(settings.uploads, length or 0)
    return name, length


def _save(response: httpcore.Response, url: str, settings: Settings, course: _Course, target: Path | None) -> Stored:
    name, length = _announced(response, url, settings)
    sink = Sink(target or new_file(name, settings), name, settings.max_download)
    course.name = name
    try:
        for data in _pieces(response):
            sink.write(data)
            course.fraction = sink.size / length if length else 0.0
            course.tell()
        if length is not None and sink.size != length:
            raise BadGateway("error.url_incomplete", name=_host(url))
        return sink.keep()
    except BaseException:
        sink.discard()
        raise


def _pieces(response: httpcore.Response) -> Iterator[bytes]:
    """The body in pieces of about :data:`CHUNK` bytes."""
    collected = bytearray()
    for data in response.iter_stream():
        collected += data
        if len(collected) >= CHUNK:
            yield bytes(collected)
            collected.clear()
    if collected:
        yield bytes(collected)


def _name(url: str) -> str:
    return shown_name(unquote(urlsplit(url).path.rsplit("/", 1)[-1]))


def new_file(name: str, settings: Settings) -> Path:
    """A path in the uploads folder for a file of that name."""
    return settings.uploads / (uuid.uuid4().hex + suffix_here(name, settings))


def suffix_here(name: str, settings: Settings) -> str:
    """The address's own suffix where it is an accepted one: the content decides, not the name."""
    suffix = Path(name).suffix.lower()
    return suffix if suffix.lstrip(".") in settings.allowed_extensions else ".media"


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((v.decode("latin-1") for k, v in response.headers if k.lower() == name), "")


def _length(response: httpcore.Response) -> int | None:
    text = _header(response, b"content-length")
    return int(text) if text.isdigit() else None


def _host(url: str) -> str:
    return urlsplit(url).hostname or url[:100]


def _authority(url: str) -> str:
    parts = urlsplit(_ascii(url))
    return parts.netloc.rpartition("@")[2]


def _ascii(url: str) -> str:
    """The address with everything outside ASCII in the form of the wire (IDNA host, percent-encoded path)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host.encode("idna").decode() if not host.isascii() else host
    port = f":{parts.port}" if parts.port else ""
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return parts._replace(netloc=host + port, path=path, query=query, fragment="").geturl()
