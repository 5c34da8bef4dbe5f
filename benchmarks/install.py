"""Installs the product in an empty environment and uses it from another folder: ``python -m benchmarks.install``.

The wheel is built as ``pip install .`` builds it and installed, with the versions of ``constraints.txt``, into an environment
that has no pip (what ``uvx`` makes). Then, with a home of its own and an empty working folder: fetch the models; cut off from
every network, score a text, find highlights, ask where a dub belongs, serve the page. Nothing may be written where the
commands were typed. Needs PyPI, 8 GB of disk and some minutes.

``--keep FOLDER`` works there and leaves it; ``--media FILE`` is the video for highlights.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import ROOT
from benchmarks.server import free_port

EXAMPLES = ROOT / "assets" / "examples"
NOWHERE = "http://127.0.0.1:9"
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), NOWHERE) | {"PACKAGE_INDEX": NOWHERE}
"""Who asks the network for anything is refused."""
TEXT = "¡Gratis! Quiero contarte un truco increíble: hoy tienes un descuento del 50 %.\n"
PATIENCE = 600.0


def size(folder: Path) -> float:
    """Megabytes below ``folder``."""
    return sum(p.lstat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


class Place:
    """An empty environment, a home and a folder to type in."""

    def __init__(self, root: Path) -> None:
        self.venv, self.home, self.desk, self.dist = (root / name for name in ("venv", "home", "desk", "dist"))
        for folder in (self.home, self.desk, self.dist):
            folder.mkdir(parents=True, exist_ok=True)

    def environment(self, **more: str) -> dict[str, str]:
        """What a user's shell has, and nothing of this one's settings."""
        kept = {k: v for k, v in os.environ.items() if k in {"LANG", "PATH"} or k.endswith(("_CERT", "_CERT_FILE"))}
        return kept | {"HOME": str(self.home)} | more

    def install(self) -> None:
        """Wheel, environment, installation. Raises CalledProcessError."""
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        said("build", [*pip, "wheel", "--no-deps", "--wheel-dir", str(self.dist), str(ROOT)], None)
        (wheel,) = self.dist.glob("*.whl")
        said("environment", [sys.executable, "-m", "venv", "--without-pip", str(self.venv)], None)
        into = [*pip, "--python", str(self.venv / "bin" / "python"), "install"]
        said("install", [*into, str(wheel), "-c", str(ROOT / "constraints.txt")], None)
        print(f"  wheel {size(self.dist):.0f} MB, environment {size(self.venv):.0f} MB")

    def run(self, name: str, *arguments: str, text: str = "", **more: str) -> str:
        """One command of the installation, typed in the empty folder; its output. Raises CalledProcessError."""
        program, *rest = arguments
        command = [str(self.venv / "bin" / program), *rest]
        return said(name, command, self.environment(**more), self.desk, text)

    def serve(self) -> None:
        """The page answers."""
        port = free_port()
        environment = self.environment(APP_PORT=str(port), **OFFLINE)
        begun = time.monotonic()
        process = subprocess.Popen([str(self.venv / "bin" / "reelify-studio")], cwd=self.desk, env=environment)
        try:
            health = json.loads(asked(f"http://127.0.0.1:{port}/api/health", process, begun + PATIENCE))
            page = asked(f"http://127.0.0.1:{port}/", process, begun + PATIENCE)
            assert health["status"] == "ready", health
            assert b"Reelify" in page
            print(f"  {'reelify-studio':18s} {time.monotonic() - begun:6.1f} s")
        finally:
            process.terminate()
            process.wait(60)


def asked(address: str, process: subprocess.Popen[bytes], until: float) -> bytes:
    """What ``address`` answers, once it does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(address, timeout=30) as answer:
                return bytes(answer.read())
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.25)


def said(
    name: str, command: Sequence[str], environment: Mapping[str, str] | None, folder: Path = ROOT, text: str = ""
) -> str:
    """Runs a command, prints how long it took; its standard output. Raises CalledProcessError."""
    begun = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=environment, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    print(f"  {name:18s} {time.monotonic() - begun:6.1f} s", flush=True)
    return done.stdout


def use(place: Place, media: Path) -> None:
    """Every command of an installation, models first, then without a network."""
    place.run("reelify models", "reelify", "models")
    score = json.loads(
        place.run("reelify score", "reelify", "score", "-", "--language", "es", "--json", text=TEXT, **OFFLINE)
    )
    found = json.loads(
        place.run(
            "reelify highlights", "reelify", "highlights", str(media), "--no-render", "--json", "--min-duration", "5", **OFFLINE
        )
    )  # fmt: skip
    pair = [str(EXAMPLES / name) for name in ("dubsync_1_film.mp4", "dubsync_2_doblaje.m4a")]
    plan = json.loads(place.run("syncdub analyse", "syncdub", "analyse", *pair, "--quick", "--json", **OFFLINE))
    print(f"  score {score['viral_score']:.2f}, {len(found['clips'])} clips, dub: {plan['verdict']}")
    assert score["keywords"], "the Spanish words were not found"
    assert found["clips"], "no clips"
    place.serve()
    left = sorted(p.name for p in place.desk.iterdir())
    assert not left, f"written where the commands were typed: {left}"
    strange = [p for p in place.home.glob(".*/*") if p.name not in {"share", "state", "reelify-syncdub"}]
    assert not strange, f"written by others: {strange}"
    folders = [p for p in place.home.rglob("reelify-syncdub") if p.is_dir()]
    print("  kept in " + ", ".join(f"~/{p.relative_to(place.home)} ({size(p):.0f} MB)" for p in folders))


def main() -> int:
    """All steps; 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--media", type=Path, default=EXAMPLES / "highlights_short_films.mp4")
    options = parser.parse_args()
    root = (options.keep or Path(tempfile.mkdtemp(prefix="install-"))).absolute()
    try:
        place = Place(root)
        if not place.venv.exists():
            place.install()
        use(place, options.media.absolute())
    except subprocess.CalledProcessError as error:
        print(f"FAILED: {error}\n{error.stdout[-2000:]}\n{error.stderr[-4000:]}", file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            shutil.rmtree(root, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
