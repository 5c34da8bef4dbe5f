"""Links to pages with a video: allowed sites alone, behind a gate that reaches public addresses alone; the file as an upload would be."""

from __future__ import annotations

import base64
import http.server
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import httpcore
import pytest

from pipeline.errors import BadGateway, BadRequest, StudioError, TooLarge, UnsupportedFormat
from pipeline.evidence.crowd import crowd_of
from pipeline.files import addresses
from pipeline.links import fetching, visits
from pipeline.links.gate import Gate, gate
from pipeline.links.visitor import confined
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.settings import Settings, SettingsError

SITES = ("tests.pipeline.links.sites:WatchIE", "tests.pipeline.links.sites:NaughtyIE")
HEAT = [{"start_time": n / 10, "end_time": n / 10 + 0.1, "value": 1.0 if n == 20 else 0.1} for n in range(40)]
CHAPTERS = [{"start_time": 0, "end_time": 2, "title": "One"}, {"start_time": 2, "end_time": 4, "title": "Two"}]


class Site(http.server.BaseHTTPRequestHandler):
    """Pages by name, and files; ``seen`` are the paths that were asked for."""

    pages: ClassVar[dict[str, Any]] = {}
    files: ClassVar[dict[str, bytes]] = {}
    seen: ClassVar[list[str]] = []
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.seen.append(self.path)
        name = self.path.rpartition("/")[2]
        if name in self.files:
            self._give(self.files[name], "video/mp4")
        elif name == "away":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            said = json.dumps(self.pages.get(name, {"title": name}))
            self._give(f"<html><!--{said}--></html>".encode(), "text/html")

    def _give(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``http://127.0.0.1:PORT`` with a film, its picture alone and its sound alone."""
    folder = tmp_path_factory.mktemp("site")
    made = ["-f", "lavfi", "-i", "testsrc2=d=4:s=160x90", "-f", "lavfi", "-i", "sine=d=4", "-shortest"]
    ffmpeg.run([*made, str(folder / "film.mp4")])
    ffmpeg.run(["-i", str(folder / "film.mp4"), "-map", "0:v", "-c", "copy", str(folder / "picture.mp4")])
    ffmpeg.run(["-i", str(folder / "film.mp4"), "-map", "0:a", "-c", "copy", str(folder / "sound.m4a")])
    Site.files = {p.name: p.read_bytes() for p in folder.iterdir()}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    film = {"url": f"{here}/film.mp4", "ext": "mp4", "filesize": len(Site.files["film.mp4"])}
    two = [
        {
            "format_id": "v",
            "url": f"{here}/picture.mp4",
            "ext": "mp4",
            "vcodec": "h264",
            "acodec": "none",
            "height": 90,
        },
        {"format_id": "a", "url": f"{here}/sound.m4a", "ext": "m4a", "vcodec": "none", "acodec": "aac"},
    ]
    Site.pages = {
        "film": {"title": "A film: one/two", "duration": 4, "heatmap": HEAT, "chapters": CHAPTERS, "formats": [{"format_id": "0", **film}], "secret": "x"},
        "two": {"title": "Two", "formats": two},
        "live": {"title": "Live", "is_live": True, **film},
        "many": {"_type": "playlist", "title": "Many", "entries": [{"id": "1", "title": "1", **film}]},
        "inside": {"title": "Inside", "url": "http://10.0.0.1/film.mp4", "ext": "mp4"},
        "moved": {"title": "Moved", "url": f"{here}/away", "ext": "mp4"},
        "local": {"title": "Local", "url": "file:///etc/hostname", "ext": "mp4"},
        "other": {"_type": "url", "url": f"{here}/film.mp4"},
    }  # fmt: skip
    yield here
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    pytest.importorskip("yt_dlp")
    return replace(
        Settings(data_dir=tmp_path / "data", temp_dir=tmp_path / "work"), link_sites=SITES, allow_private_urls=True
    )


def test_a_link_becomes_a_file_with_its_evidence_beside_it(site: str, settings: Settings) -> None:
    found = fetching.look(f"{site}/watch/film", settings)
    assert (found.name, found.suffix, found.size) == ("A film: one-two.mp4", ".mp4", len(Site.files["film.mp4"]))
    told: list[float] = []
    stored = fetching.download(f"{site}/watch/film", settings, lambda fraction, _: told.append(fraction))
    assert stored.path.parent == settings.uploads
    assert stored.path.read_bytes() == Site.files["film.mp4"]
    crowd = crowd_of(stored.path, 4.0)
    assert [title for *_, title in crowd.chapters] == ["One", "Two"]
    assert "replayed" in crowd.curves
    said = json.loads(stored.path.with_name(f"{stored.path.stem}.info.json").read_text())
    assert said["extractor_key"] == "Watch"
    assert "secret" not in said
    assert told
    assert list(settings.temp_dir.iterdir()) == []


def test_picture_and_sound_that_come_apart_are_put_together(site: str, settings: Settings) -> None:
    stored = fetching.download(f"{site}/watch/two", settings)
    info = probe(stored.path)
    assert (info.video is not None, len(info.audio)) == (True, 1)
    assert info.duration == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize(("name", "code"), [("live", "error.link_live"), ("many", "error.link_several")])
def test_what_is_not_one_finished_video_is_said(site: str, settings: Settings, name: str, code: str) -> None:
    with pytest.raises(BadRequest) as error:
        fetching.look(f"{site}/watch/{name}", settings)
    assert error.value.message.code == code


@pytest.mark.parametrize("name", ["local", "other"])
def test_nothing_but_what_an_allowed_site_gives(site: str, settings: Settings, name: str) -> None:
    """No file of this machine; and where a site sends to another address, no generic extractor takes it."""
    with pytest.raises(StudioError):
        fetching.download(f"{site}/watch/{name}", settings)
    assert not settings.uploads.exists() or list(settings.uploads.iterdir()) == []


def test_pages_of_other_sites_say_what_works(site: str, settings: Settings) -> None:
    with pytest.raises(UnsupportedFormat) as error:
        fetching.look(f"{site}/elsewhere", settings)
    assert error.value.message.code == "error.url_page_links"
    assert error.value.message.values["sites"] == "WatchIE, NaughtyIE"
    off = replace(settings, link_sites=())
    asked = len(Site.seen)
    with pytest.raises(UnsupportedFormat) as error:
        fetching.look(f"{site}/watch/film", off)
    assert error.value.message.code == "error.url_page"
    assert len(Site.seen) == asked + 1, "nobody visits a link where that is off"


@pytest.mark.parametrize("what", ["socket", "name", "process", "system", "write", "remove"])
def test_the_process_can_do_nothing_but_ask_the_gate(site: str, settings: Settings, what: str) -> None:
    with visits.visit(f"{site}/naughty/{what}", settings, download=False) as found:
        assert found is not None
        assert found.info["title"] == "stopped"


def test_what_may_be_done_is_what_is_needed(tmp_path: Path) -> None:
    here = str(tmp_path)
    assert confined("socket.connect", (None, ("127.0.0.1", 7)), 7, here)
    assert not confined("socket.connect", (None, ("127.0.0.1", 8)), 7, here)
    assert not confined("socket.connect", (None, "/run/docker.sock"), 7, here)
    assert confined("open", (f"{here}/x", "w", 0), 7, here)
    assert not confined("open", (f"{here}/../x", "w", 0), 7, here)
    assert confined("open", ("/etc/hosts", "r", 0), 7, here)
    assert not confined("os.kill", (1, 9), 7, here)


def public(monkeypatch: pytest.MonkeyPatch, port: int, answers: list[str]) -> list[str]:
    """A world in which names resolve to ``answers`` one after the other; 192.0.2.99 is public and is our site."""
    asked: list[str] = []

    def resolve(host: str, wanted: int) -> list[str]:
        asked.append(host)
        return [answers[min(len(asked) - 1, len(answers) - 1)]]

    plain = addresses.is_public
    monkeypatch.setattr(addresses, "resolve", resolve)
    monkeypatch.setattr(addresses, "is_public", lambda text: text == "192.0.2.99" or plain(text))
    connect = httpcore.SyncBackend.connect_tcp

    def there(self: Any, host: str, *rest: Any, **more: Any) -> Any:
        return connect(self, "127.0.0.1" if host == "192.0.2.99" else host, *rest, **more)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", there)
    return asked


@pytest.mark.parametrize("name", ["inside", "moved"])
def test_addresses_inside_pages_and_redirects_are_checked(
    site: str, settings: Settings, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(site.rpartition(":")[2])
    public(monkeypatch, port, ["192.0.2.99"])
    monkeypatch.setattr(
        addresses, "resolve", lambda host, _: ["192.0.2.99" if host in ("watch.example", "127.0.0.1") else host]
    )
    strict = replace(settings, allow_private_urls=False)
    with pytest.raises(BadGateway) as error:
        fetching.download(f"http://watch.example:{port}/watch/{name}", strict)
    assert error.value.message.code == "error.link_failed"
    assert not list(settings.uploads.glob("*"))


def test_a_name_that_turns_inwards_is_looked_at_each_time(
    site: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Public when the page is looked at, private when the process asks for it: the connection goes to what was checked."""
    port = int(site.rpartition(":")[2])
    asked = public(monkeypatch, port, ["192.0.2.99", "127.0.0.1"])
    strict = replace(settings, allow_private_urls=False)
    before = len(Site.seen)
    with pytest.raises(BadGateway):
        fetching.look(f"http://watch.example:{port}/watch/film", strict)
    assert len(asked) >= 2
    assert len(Site.seen) == before + 1, "only the first, public answer was connected to"


def test_more_than_a_download_may_have_is_stopped(
    site: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(settings, max_download=2000)
    monkeypatch.setattr(visits, "PAGES", 2000)
    with pytest.raises((TooLarge, BadGateway)):
        fetching.download(f"{site}/watch/film", small)
    assert not list(settings.uploads.glob("*"))


def test_a_stop_ends_the_visit(site: str, settings: Settings) -> None:
    class Stop(Exception):
        pass

    def report(fraction: float, said: Any) -> None:
        if said.values["name"] == "127.0.0.1":  # the visit; before it the address itself was asked
            raise Stop

    with pytest.raises(Stop):
        fetching.download(f"{site}/watch/film", settings, report)
    assert list(settings.temp_dir.iterdir()) == []


def spoken(door: Gate, text: str, *, known: bool = True) -> bytes:
    """What the gate answers to a request."""
    password = door.address.split("//")[1].partition("@")[0]
    head = f"Proxy-Authorization: Basic {base64.b64encode(password.encode()).decode()}\r\n" if known else ""
    with socket.create_connection(("127.0.0.1", door.port), 5) as line:
        line.sendall(f"{text}\r\n{head}\r\n".encode())
        found = b""
        while piece := line.recv(65536):
            found += piece
    return found


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}", "10.1.2.3:80", "169.254.169.254:80", "2130706433:{port}", "[::ffff:127.0.0.1]:{port}", "93.184.216.34:22"]
)  # fmt: skip
def test_the_gate_reaches_no_private_address(site: str, host: str) -> None:
    port = site.rpartition(":")[2]
    where, before = host.format(port=port), len(Site.seen)
    with gate(10**6) as door:
        assert spoken(door, f"CONNECT {where} HTTP/1.1").startswith((b"HTTP/1.1 403", b"HTTP/1.1 502"))
        assert spoken(door, f"GET http://{where}/x HTTP/1.1").startswith((b"HTTP/1.1 403", b"HTTP/1.1 502"))
    assert len(Site.seen) == before


def test_the_gate_is_for_its_own_child_alone(site: str) -> None:
    with gate(10**6, allow_private=True) as door:
        where = site.removeprefix("http://")
        assert spoken(door, f"CONNECT {where} HTTP/1.1", known=False).startswith(b"HTTP/1.1 407")
        assert b"<html>" in spoken(door, f"GET {site}/x HTTP/1.1")
    with pytest.raises(OSError, match=r".*"):
        socket.create_connection(("127.0.0.1", door.port), 2)


def test_bytes_are_counted(site: str) -> None:
    with gate(3000, allow_private=True) as door:
        assert len(spoken(door, f"GET {site}/film.mp4 HTTP/1.1")) < len(Site.files["film.mp4"])
        assert door.spent


@pytest.mark.parametrize("wrong", ["generic", "Youtube,Generic", "all", "you tube", "a:b:c"])
def test_the_generic_site_cannot_be_allowed(wrong: str) -> None:
    with pytest.raises(SettingsError):
        Settings.from_env({"LINK_SITES": wrong})


def test_sites_are_named_by_the_operator() -> None:
    pytest.importorskip("yt_dlp")
    assert Settings.from_env({"LINK_SITES": "Youtube, Vimeo"}).link_sites == ("Youtube", "Vimeo")
    assert Settings.from_env({}).link_sites == ()


def test_a_file_elsewhere_is_none_of_the_visits(tmp_path: Path, settings: Settings) -> None:
    folder, secret = tmp_path / "visit", tmp_path / "secret.mp4"
    folder.mkdir()
    for file in (secret, folder / "own.mp4"):
        file.write_bytes(b"x")
    (folder / "way-out.mp4").symlink_to(secret)
    named = [None, str(secret), str(folder / "own.mp4"), str(folder / "way-out.mp4"), str(folder / ".." / "secret.mp4")]
    answer: dict[str, Any] = {"found": {"info": {}, "ext": "mp4", "files": named, "size": None}}
    with gate(0) as door:
        found = visits._visited(answer, door, "https://example.org/x", settings, folder)
    assert found is not None
    assert found.files == (folder / "own.mp4",)
