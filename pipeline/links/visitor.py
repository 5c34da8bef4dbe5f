"""The program of a child process that asks yt-dlp about one link: ``python -m pipeline.links.visitor ORDER.json``.

Only the sites it is told are known to it; never yt-dlp's generic one, no plugins, no configuration, no cookies. It may connect to the
gate alone, starts no process and writes in its own folder alone: Python's audit events are watched, so that whatever a library tries
passes by here. Each line that it writes is JSON: ``{"fraction": …}``, and in the end ``{"found": …}`` or ``{"error": code, "detail": …}``.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.links.gate import HOST

NEVER = frozenset({"generic", "unsupportedurl", "commonmistakes", "alias"})
FORMAT = "bv,ba/b"
"""Best picture and best sound as two files where a site has them so, else the best of both; put together outside."""
TALL = "res:1080"
KEPT = (
    "id", "title", "extractor", "extractor_key", "webpage_url", "duration", "language", "uploader", "upload_date", "view_count",
    "chapters", "heatmap",
)  # fmt: skip
"""What is kept of what a site tells, beside the file: evidence, and where it comes from."""
HOPS = 3
MEMORY = 3 * 1024**3
"""Bytes of addresses that the process may have."""
NOT_ALLOWED = (
    "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "subprocess.Popen", "pty.spawn", "socket.bind",
    "socket.sendto", "socket.sendmsg", "os.kill", "os.killpg", "signal.pthread_kill",
)  # fmt: skip
LOOKED_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


class Unknown(Exception):
    """No site that is allowed knows this link."""


class Unfit(Exception):
    """Nothing that can be used: the code says why."""


def confined(event: str, arguments: tuple[Any, ...], port: int, folder: str) -> bool:
    """Whether an audit event is something this process may do: connect to ``port`` of the gate, write below ``folder``."""
    if event in NOT_ALLOWED:
        return False
    if event == "socket.connect":
        return bool(arguments[1] == (HOST, port))
    if event in LOOKED_UP:
        return _text(arguments[0]) == HOST
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        path, mode, flags = arguments
        writes = bool(set(mode or "") & set("wax+")) or bool((flags or 0) & WRITES)
        return not writes or _below(path, folder)
    if event in ("os.rename", "os.link", "os.symlink", "shutil.move"):
        return all(_below(path, folder) for path in arguments[:2])
    if event in ("os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree"):
        return _below(arguments[0], folder)
    return True


def _text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)


def _below(path: Any, folder: str) -> bool:
    whole = os.path.realpath(os.fsdecode(path))
    return whole == os.devnull or whole == folder or whole.startswith(folder + os.sep)


def confine(port: int, folder: str, most: int) -> None:
    """From now on only what :func:`confined` allows; files of at most ``most`` bytes."""
    for kind, limit in ((resource.RLIMIT_FSIZE, most), (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(kind, (limit, limit))

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if not confined(event, arguments, port, folder):
            raise PermissionError(f"{event} is not allowed here")

    sys.addaudithook(watch)


def extractors(names: Sequence[str]) -> Iterator[Any]:
    """yt-dlp's classes of the sites called ``names``: their keys, or ``package.module:Class`` of the operator's own."""
    from yt_dlp.extractor import gen_extractor_classes
    from yt_dlp.extractor.generic import GenericIE

    known = {one.ie_key().lower(): one for one in gen_extractor_classes()}
    for name in names:
        module, _, own = name.partition(":")
        found = getattr(importlib.import_module(module), own) if own else known.get(name.lower())
        if found is not None and found.ie_key().lower() not in NEVER and not (own and issubclass(found, GenericIE)):
            yield found


def visited(order: Mapping[str, Any]) -> dict[str, Any]:
    """What a link leads to; with ``order["download"]`` its files are in ``order["folder"]`` afterwards.

    Raises:
        Unknown, Unfit, yt-dlp's own errors.
    """
    from yt_dlp import YoutubeDL

    with YoutubeDL(_options(order), auto_init=False) as loader:
        for one in extractors(order["sites"]):
            loader.add_info_extractor(one())
        found = _one(loader, order["url"])
        if found.get("is_live") or found.get("live_status") in {"is_live", "is_upcoming"}:
            raise Unfit("error.link_live")
        done = loader.process_ie_result(found, download=order["download"])
    told = {key: done[key] for key in KEPT if done.get(key) is not None}
    files = [entry.get("filepath") for entry in done.get("requested_downloads") or () if order["download"]]
    parts = done.get("requested_formats") or done.get("requested_downloads") or [done]
    sizes = [entry.get("filesize") or entry.get("filesize_approx") for entry in parts]
    return {"info": told, "ext": done.get("ext") or "", "files": files, "size": sum(sizes) if all(sizes) else None}


def _one(loader: Any, url: str) -> dict[str, Any]:
    """What the one video of a link is; a list of them is none."""
    if not any(one.suitable(url) for one in loader._ies.values()):
        raise Unknown
    found = loader.extract_info(url, download=False, process=False)
    for _ in range(HOPS):
        if not found:
            raise Unknown
        kind = found.get("_type", "video")
        if kind == "video":
            return dict(found)
        if kind not in {"url", "url_transparent"}:
            raise Unfit("error.link_several")
        found = loader.extract_info(found["url"], ie_key=found.get("ie_key"), download=False, process=False)
    raise Unknown


def _options(order: Mapping[str, Any]) -> dict[str, Any]:
    folder = Path(order["folder"])

    def hook(state: Mapping[str, Any]) -> None:
        total = state.get("total_bytes") or state.get("total_bytes_estimate") or 0
        _say({"fraction": min(1.0, (state.get("downloaded_bytes") or 0) / total) if total else 0.0})

    return {
        "proxy": order["proxy"], "format": FORMAT, "format_sort": [TALL], "noplaylist": True, "max_filesize": order["most"],
        "outtmpl": {"default": str(folder / "media-%(format_id)s.%(ext)s")}, "paths": {"home": str(folder), "temp": str(folder)},
        "cachedir": False, "fixup": "never", "hls_prefer_native": True, "ffmpeg_location": str(folder / "none"),
        "external_downloader": {"default": "native"}, "socket_timeout": 20, "retries": 3, "fragment_retries": 3, "extractor_retries": 1,
        "quiet": True, "no_warnings": True, "noprogress": True, "progress_hooks": [hook], "postprocessors": [], "updatetime": False,
        "color": "no_color", "allow_unplayable_formats": False, "logger": _Quiet(),
    }  # fmt: skip


class _Quiet:
    """yt-dlp says nothing on the lines that are ours."""

    def debug(self, text: str) -> None:
        """Nothing."""

    info = warning = error = debug


def _say(value: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main() -> None:
    """One visit."""
    order = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.modules["curl_cffi"] = None  # type: ignore[assignment]  # its sockets are no Python's
    confine(order["port"], os.path.realpath(order["folder"]), order["most"])
    try:
        _say({"found": visited(order)})
    except Unknown:
        _say({"error": "unknown", "detail": ""})
    except Unfit as error:
        _say({"error": str(error), "detail": ""})
    except Exception as error:  # noqa: BLE001 - whatever a site does to a library is an answer
        _say({"error": "failed", "detail": f"{type(error).__name__}: {error}"[:500]})


if __name__ == "__main__":
    main()
