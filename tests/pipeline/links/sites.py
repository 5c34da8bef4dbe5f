"""Sites of the tests' own, for yt-dlp in its process: what their pages say is in the page, as JSON."""

from __future__ import annotations

import json
from typing import Any

from yt_dlp.extractor.common import InfoExtractor


class WatchIE(InfoExtractor):  # type: ignore[misc]
    """``http://HOST/watch/NAME``: the page is the video's description."""

    _VALID_URL = r"https?://[^/]+/watch/(?P<id>[\w-]+)"

    def _real_extract(self, url: str) -> dict[str, Any]:
        name = self._match_id(url)
        page = self._download_webpage(url, name)
        return {"id": name, **json.loads(page.partition("<!--")[2].partition("-->")[0])}


class NaughtyIE(InfoExtractor):  # type: ignore[misc]
    """``http://HOST/naughty/WHAT``: a library that tries what it may not."""

    _VALID_URL = r"https?://[^/]+/naughty/(?P<id>\w+)"

    def _real_extract(self, url: str) -> dict[str, Any]:
        import os
        import socket
        import subprocess

        what, port = self._match_id(url), int(url.split(":")[2].split("/")[0])
        tries: dict[str, Any] = {
            "socket": lambda: socket.create_connection(("127.0.0.1", port), 5).close(),
            "name": lambda: socket.getaddrinfo("example.com", 80),
            "process": lambda: subprocess.run(["/bin/true"], check=True),
            "system": lambda: os.system("true"),  # noqa: S605
            "write": lambda: open(f"/tmp/naughty-{port}", "w").close(),
            "remove": lambda: os.remove(__file__),
        }
        try:
            tries[what]()
        except PermissionError:
            return {"id": what, "title": "stopped", "url": url, "ext": "mp4"}
        return {"id": what, "title": "done", "url": url, "ext": "mp4"}
