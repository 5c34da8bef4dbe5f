"""How long ``python app.py`` takes until its first page is served, beside a Python that only imports Gradio.

python -m benchmarks.start [--times 3]
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from benchmarks import ROOT, table

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    times = parser.parse_args().times
    rows = []
    for name, measure in (("python app.py to its first page", first_page), ("import gradio", imports)):
        taken = []
        for _ in range(times):
            with tempfile.TemporaryDirectory() as folder:
                taken.append(measure(folder) if measure is first_page else imports("gradio"))
        rows.append([name, f"{statistics.median(taken):.1f}", f"{max(taken):.1f}"])
    print(table(["", "median s", "slowest s"], rows))


if __name__ == "__main__":
    main()
