"""Fetching from addresses: only public ones, on every hop, by the address really connected to; capped; only media stays."""

from __future__ import annotations

import http.server
import ipaddress
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpcore
import pytest

from pipeline.errors import (
    BadGateway,
    BadRequest,
    DiskFull,
    Forbidden,
    StudioError,
    TooLarge,
    UnreadableMedia,
    UnsupportedFormat,
)
from pipeline.files import addresses, received
from pipeline.files.addresses import PublicOnly, is_public, public_addresses
from pipeline.files.downloads import checked, download
from pipeline.settings import Settings
from tests.fake_service import files_below, settings_for

BODY = bytes(range(256)) * 40


class Site(http.server.BaseHTTPRequestHandler):
    """A small site with every kind of answer; ``seen`` are the requests."""

    seen: ClassVar[list[tuple[str, str]]] = []
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Host", "")))
        name = self.path.split("?")[0]
        if name.startswith("/to/"):
            self._head(302, Location=name.removeprefix("/to/").replace("~", "/"))
        elif name == "/loop.mp4":
            self._head(301, Location="/loop.mp4")
        elif name == "/page":
            self._head(200, b"<html>", **{"Content-Type": "text/html; charset=utf-8"})
        elif name == "/gone.mp4":
            self._head(404)
        elif name == "/short.mp4":
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY[:100])
            self.close_connection = True
        elif name == "/endless.mp4":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                for _ in range(1000):
                    self.wfile.write(BODY)
            except OSError:
                pass
            self.close_connection = True
        else:
            self._head(200, BODY)

    def _head(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content-Type": "video/mp4", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def local(tmp_path: Path) -> Settings:
    return settings_for(tmp_path, allow_private_urls=True, max_download=100_000)


def media(path: Path) -> None:
    """A probe that accepts everything."""


def test_a_file_is_fetched_whole(site: str, local: Settings) -> None:
    stored = download(f"{site}/v%C3%ADdeo%201.mp4?token=a%20b", local, probe=media)
    assert stored.path.read_bytes() == BODY
    assert (stored.name, stored.path.suffix, stored.path.parent) == ("vídeo 1.mp4", ".mp4", local.uploads)
    assert download(f"{site}/watch?v=1", local, probe=media).path.suffix == ".media"
    assert download(f"{site}/ñandú.mp4", local, probe=media).size == len(BODY)


def test_redirects_are_followed_within_reason(site: str, local: Settings) -> None:
    assert download(f"{site}/to/~a.mp4", local, probe=media).size == len(BODY)
    assert download(f"{site}/to/" + site.replace("/", "~") + "~b.mp4", local, probe=media).name == "b.mp4"
    with pytest.raises(BadGateway):
        download(f"{site}/loop.mp4", local, probe=media)
    with pytest.raises(BadRequest):
        download(f"{site}/to/file:~~~etc~passwd", local, probe=media)


@pytest.mark.parametrize(
    ("path", "error"),
    [("/page", UnsupportedFormat), ("/gone.mp4", BadGateway), ("/short.mp4", BadGateway), ("/endless.mp4", TooLarge)],
)
def test_bad_answers_leave_nothing(site: str, local: Settings, path: str, error: type[StudioError]) -> None:
    with pytest.raises(error):
        download(site + path, local, probe=media)
    assert files_below(local.uploads) == []


def test_more_than_allowed_is_not_even_begun(site: str, tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        download(f"{site}/a.mp4", settings_for(tmp_path, allow_private_urls=True, max_download=1000), probe=media)
    assert files_below(tmp_path) == []


def test_what_is_not_media_is_removed(site: str, local: Settings) -> None:
    with pytest.raises(UnreadableMedia):
        download(f"{site}/a.mp4", local)
    assert files_below(local.uploads) == []


def test_a_full_disk(site: str, local: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received, "RESERVE", 2**60)
    with pytest.raises(DiskFull):
        download(f"{site}/a.mp4", local, probe=media)


PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.127.255.255", "192.0.0.170", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "192.88.99.1", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "fe80::1", "fe80::1%eth0",
    "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "2001::1", "100::1", "3fff::1", "::ffff:169.254.169.254",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


def test_nothing_public_hides_in_a_random_private_network() -> None:
    for net in addresses.REFUSED:
        middle = net.network_address + net.num_addresses // 2
        if not (isinstance(middle, ipaddress.IPv6Address) and net.prefixlen == 23):
            assert not is_public(str(middle)), net


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]",
     "[::ffff:7f00:1]", "0", "[::]", "127.0.0.1.", "LOCALHOST", "user:pass@127.0.0.1", "１２７.0.0.1", "127。0。0。1", "[fe80::1%25lo]"],
)  # fmt: skip
def test_no_spelling_of_this_machine_is_reached(site: str, tmp_path: Path, host: str) -> None:
    port = site.rsplit(":", 1)[1]
    before = len(Site.seen)
    with pytest.raises((Forbidden, BadGateway, BadRequest)):
        download(f"http://{host}:{port}/a.mp4", settings_for(tmp_path), probe=media)
    assert len(Site.seen) == before


def test_a_name_that_points_inside_is_refused(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve", lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(Forbidden):
        download("http://rebind.example/a.mp4", settings_for(tmp_path), probe=media)


def test_a_second_answer_of_the_name_server_changes_nothing(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the address that was checked is the address that is connected to."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])
    connected: list[str] = []

    def connect(self: Any, host: str, *_: Any, **__: Any) -> Any:
        connected.append(host)
        raise httpcore.ConnectError("closed")

    monkeypatch.setattr(addresses, "resolve", lambda host, port: next(answers))
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(httpcore.ConnectError):
        PublicOnly().connect_tcp("rebind.example", 80)
    assert connected == ["93.184.216.34"]


def test_a_redirect_to_the_inside_is_refused(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first hop is public (and leads to the test site), the second is the metadata service."""
    real, port = httpcore.SyncBackend.connect_tcp, int(site.rsplit(":", 1)[1])
    monkeypatch.setattr(addresses, "resolve", lambda host, p: ["93.184.216.34"] if host == "films.example" else [host])
    monkeypatch.setattr(
        httpcore.SyncBackend, "connect_tcp", lambda self, host, p, *a, **k: real(self, "127.0.0.1", port, *a, **k)
    )
    assert download("http://films.example/a.mp4", settings_for(tmp_path), probe=media).size == len(BODY)
    assert Site.seen[-1] == ("/a.mp4", "films.example")
    with pytest.raises(Forbidden):
        download("http://films.example/to/http:~~169.254.169.254~latest", settings_for(tmp_path), probe=media)
    assert "latest" not in Site.seen[-1][0].removeprefix("/to/http:~~169.254.169.254~latest")


@pytest.mark.parametrize("port", [22, 25, 110, 143, 445, 993])
def test_ports_of_other_services_are_refused(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve", lambda host, port: ["93.184.216.34"])
    with pytest.raises(Forbidden):
        public_addresses("example.com", port)
    assert public_addresses("example.com", 443)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://a/b", "gopher://a/b", "data:video/mp4;base64,AA", "http://", "http:///a.mp4", "http://a:0/x",
     "http://a:99999/x", "//a/b.mp4", "http://[::1", "http://a\\@b/x", "javascript:alert(1)", "concat:a|b", "http://a b/", "http://a/\r\nX: y"],
)  # fmt: skip
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(BadRequest):
        checked(url)


def test_an_unreachable_host_is_told(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(BadGateway):
        download(f"http://127.0.0.1:{port}/a.mp4", settings_for(tmp_path, allow_private_urls=True), probe=media)
