"""Addresses that lead inside, web pages of others, and names that mean this machine only by a trick."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from benchmarks.attacks.attempts import Answer, Attempt, Judge, Request, direct, no_job, refused
from benchmarks.attacks.place import Place

INSIDE = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "localhost.", "LOCALHOST", "0", "0.0.0.0", "10.0.0.1",
    "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7",
    "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]",
    "[::127.0.0.1]", "[fe80::1]", "[fec0::1]", "[fc00::1]", "[fd12::1]", "[ff02::1]", "[2002:7f00:1::]", "[2002:808:808::1]",
    "[64:ff9b::7f00:1]", "[64:ff9b:1::808:808]", "[2001::1]", "[2001:db8::1]", "[100::1]", "[3fff::1]", "[5f00::1]", "[::ffff:0:127.0.0.1]",
)  # fmt: skip
"""Loopback in its spellings, private, shared (carrier-grade NAT), link-local, site-local, documentation, multicast, 6to4, NAT64, Teredo."""
PORTS = (0, 1, 22, 23, 25, 110, 139, 445, 2049, 2375, 3306, 5432, 6000, 6379, 6667, 9200, 11211, 27017)
STRANGE = (
    "http://", "http:///x", "https://", "http://a b/", "http://8.8.8.8:99999/", "http://8.8.8.8:x/", "http://[::1", "http://a\\@b/",
    "ftp://8.8.8.8/x",
    "gopher://8.8.8.8/", "rtmp://8.8.8.8/x", "tcp://8.8.8.8:80", "udp://8.8.8.8:80", "javascript:alert(1)", "ws://8.8.8.8/",
    "hls+http://8.8.8.8/",
    "http://ana:pw@127.0.0.1/", "http://8.8.8.8@127.0.0.1/", "http://127.0.0.1#@8.8.8.8/", "http://127.0.0.1?.8.8.8.8/",
)  # fmt: skip
ORIGINS = (
    "https://evil.example", "http://evil.example", "null", "http://127.0.0.1.evil.example", "http://localhost.evil.example",
    "http://localhost:1",
    "http://127.0.0.1:1", "https://127.0.0.1", "http://[::1]:1", "file://", "chrome-extension://abc", "http://evil.example:7860", "*",
    "http://evil.example, x",
)  # fmt: skip
ROUTES = ("/api/tasks", "/config", "/gradio_api/info", "/gradio_api/queue/join", "/api/upload/resumable")
HOSTS = (
    "evil.example", "evil.example:{0}", "127.0.0.1.evil.example:{0}", "localhost.evil.example", "127.0.0.1.nip.io", "evil.example.",
    "evil.localhost.com",
    "localhost@evil.example", "127.0.0.1@evil.example", "evil.example#localhost", "evil.example/127.0.0.1", "evil.example?localhost", "",
    " ",
    "localhost evil.example", "10.0.0.1:{0}", "192.168.1.5", "169.254.169.254", "[fe80::1]", "[::ffff:10.0.0.1]", "0.0.0.0:{0}",
    "xn--lcalhost-x1a",
    "localhost:80:80", "localhost:abc", "a" * 300 + ".example", "local\thost", "http://localhost", "*", "localhostx", "my-machine",
    "metadata.google.internal",
)  # fmt: skip


def attempts() -> Iterator[Attempt]:
    """All of these families."""
    yield from _addresses()
    yield from _origins()
    yield from _hosts()


def _addresses() -> Iterator[Attempt]:
    urls = (
        [f"http://{host}:7860/x.mp4" for host in INSIDE]
        + [f"http://8.8.8.8:{port}/x.mp4" for port in PORTS]
        + list(STRANGE)
    )
    for url in urls:
        yield Attempt(
            "addresses",
            f"REST {url}",
            Request("POST", "/api/v1/generate-initial-clips", {"video_url": url}),
            refused(400, 403, 424),
        )
        file = {"path": url, "url": url, "meta": {"_type": "gradio.FileData"}}
        yield Attempt(
            "addresses",
            f"file object {url}",
            direct("transcribe", media=file),
            no_job,
        )
    for url in [*urls[:20], "http://8.8.8.8/x.png", "https://example.com/x.html", "//8.8.8.8/x"]:
        for door in ("file=", "proxy=", "file/"):
            path = f"/gradio_api/{door}{quote(url, safe='/:')}"
            yield Attempt("addresses", f"{door}{url}", Request("GET", path), refused(404))


def _origins() -> Iterator[Attempt]:
    for origin in ORIGINS:
        for route in ROUTES:
            for more in ({}, {"Cookie": "session=1"}, {"Authorization": "Basic YTpi"}):
                asked = {
                    "Origin": origin,
                    "Access-Control-Request-Method": "POST",
                    "Access-Control-Request-Headers": "x",
                }
                yield Attempt(
                    "origins",
                    f"preflight {origin}",
                    Request("OPTIONS", route, None, {**asked, **more}),
                    _shares_nothing,
                )
                yield Attempt(
                    "origins",
                    f"reads {origin}",
                    Request("GET", route, None, {"Origin": origin, **more}),
                    _shares_nothing,
                )
            changing = {"Origin": origin, "Content-Type": "text/plain"}
            yield Attempt("origins", f"changes {origin}", Request("POST", route, b"{}", changing), refused(403))


def _shares_nothing(answer: Answer, place: Place) -> str:
    told = [
        name for name in ("access-control-allow-origin", "access-control-allow-credentials") if name in answer.headers
    ]
    return f"sent {told[0]}" if told else ""


def _hosts() -> Iterator[Attempt]:
    wrong: Judge = refused(400, 421)
    for host in HOSTS:
        for method, path in (("GET", "/api/tasks"), ("POST", "/gradio_api/queue/join")):

            def act(place: Place, host: str = host, method: str = method, path: str = path) -> Answer:
                from benchmarks.attacks.lines import raw

                head = f"{method} {path} HTTP/1.1\r\nHost: {host.format(place.port)}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                return raw(place, head.encode("latin-1"))

            yield Attempt("hosts", f"{method} as {host[:40]!r}", act, wrong)
    for lines in (
        "",
        "Host: localhost\r\nHost: evil.example\r\n",
        "X-Forwarded-Host: localhost\r\nHost: evil.example\r\n",
    ):

        def odd(place: Place, lines: str = lines) -> Answer:
            from benchmarks.attacks.lines import raw

            return raw(place, f"GET /api/tasks HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())

        yield Attempt("hosts", f"headers {lines!r}", odd, wrong)
