"""How long somebody waits before anything happens: ``python app.py`` to its first page, and short commands in processes of their own,
beside a Python that only imports Gradio or torch. What a command prepares once is prepared before; nothing else is remembered.

python -m benchmarks.start [--times 3]
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks import ROOT, table
from pipeline.settings import Settings

PATIENCE = 120.0


def first_page(folder: str) -> float:
    """Seconds from the start of the process to the whole first page, in an empty data folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "APP_HOST": "127.0.0.1", "APP_PORT": str(port), "DATA_DIR": folder}
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while time.perf_counter() - began < PATIENCE:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as page:
                    if b"gradio" in page.read():
                        return time.perf_counter() - began
            except urllib.error.URLError:
                time.sleep(0.02)
        raise RuntimeError("no page")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def imports(module: str) -> float:
    """Seconds a Python takes that imports ``module`` and ends."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, cwd=ROOT)
    return time.perf_counter() - began


def command(arguments: Sequence[str], folder: str) -> float:
    """Seconds ``reelify`` takes for a command; no media was seen before."""
    for stage in ("transcript", "evidence"):
        shutil.rmtree(Path(folder) / "memory" / stage, ignore_errors=True)
    environment = {**os.environ, "DATA_DIR": folder, "MODELS_DIR": str(Settings().models_dir)}
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "reelify", *arguments], input="Quiero aprovechar este descuento.", text=True, check=True, cwd=ROOT,
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--commands", action="store_true", help="only the commands")
    chosen = parser.parse_args()
    examples = ROOT / "assets" / "examples"
    clips = [str(examples / f"viral_{n}.mp4") for n in (1, 2, 3)]
    film = str(examples / "highlights_short_films.mp4")
    with tempfile.TemporaryDirectory() as kept:
        out = ["--out", f"{kept}/out"]
        commands: dict[str, list[str]] = {
            "reelify score, one sentence": ["score", "-", "--language", "es"],
            "reelify rank, three clips of 37 s, nothing rendered": ["rank", *clips, "--no-render"],
            "reelify highlights, the page's example, nothing rendered": ["highlights", film, "--no-render"],
            "reelify highlights, the page's example, rendered": ["highlights", film, *out],
        }
        measures: dict[str, Callable[[], float]] = {"import torch": lambda: imports("torch")}
        measures |= {name: partial(command, given, kept) for name, given in commands.items()}
        if not chosen.commands:
            measures |= {
                "import gradio": lambda: imports("gradio"),
                "python app.py to its first page": _first_page_anew,
            }
        for name in commands:
            measures[name]()
        taken: dict[str, list[float]] = {name: [] for name in measures}
        for _ in range(chosen.times):
            for name, measure in measures.items():
                taken[name].append(measure())
    torch = statistics.median(taken["import torch"])
    rows = [
        [name, f"{statistics.median(t):.1f}", f"{max(t):.1f}", f"{statistics.median(t) / torch:.1f}"]
        for name, t in taken.items()
    ]
    print(table(["", "median s", "slowest s", "times import torch"], rows))


def _first_page_anew() -> float:
    with tempfile.TemporaryDirectory() as folder:
        return first_page(folder)


if __name__ == "__main__":
    main()
