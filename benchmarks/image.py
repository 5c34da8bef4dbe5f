"""Takes the steps of the Dockerfile in an empty folder, where no container engine runs: ``python -m benchmarks.image``.

Every RUN of the build stage and every COPY is done as it stands, with the folders of the image moved below a temporary
one; then the image's CMD is started with its environment, and has to pass its own HEALTHCHECK. What only an engine can
do (users, read-only root, devices) is left out. Needs 8 GB of disk and PyPI.

``--keep FOLDER`` works in that folder and leaves it; ``--torch NAME`` replaces the index that torch comes from.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("venv", "app", "models", "data", "temp", "work")
PORT = "17860"
PATIENCE = 300.0


def instructions(text: str) -> list[tuple[str, str]]:
    """Words and arguments; continued lines joined, remarks gone."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = lines.replace("\\\n", " ").splitlines()
    return [(pair[0], pair[1]) for line in joined if (pair := line.strip().split(None, 1))]


class Steps:
    """The state that instructions change: environment and working folder."""

    def __init__(self, root: Path, changes: Mapping[str, str]) -> None:
        self.root = root
        self.environment = {k: v for k, v in os.environ.items() if k in {"HOME", "LANG"} or k.startswith("PIP_")}
        self.environment["PATH"] = os.environ["PATH"]
        self.folder = root
        self._changes = changes

    def moved(self, text: str) -> str:
        """``text`` with the image's folders below :attr:`root`."""
        return re.sub(rf"(?<![\w.}}/])/({'|'.join(FOLDERS)})(?=[/\s:;\"']|$)", lambda m: f"{self.root}/{m[1]}", text)

    def take(self, word: str, rest: str) -> None:
        """One instruction. Raises CalledProcessError."""
        if word == "ARG":
            name, _, value = rest.partition("=")
            self.environment[name] = self._changes.get(name, value)
        elif word == "ENV":
            for name, value in re.findall(r'(\w+)=("[^"]*"|\S+)', rest):
                known = re.sub(r"\$(\w+)", lambda m: self.environment.get(m[1], ""), value.strip('"'))
                self.environment[name] = self.moved(known)
        elif word == "WORKDIR":
            self.folder = Path(self.moved(rest))
            self.folder.mkdir(parents=True, exist_ok=True)
        elif word == "COPY" and "--from" not in rest:
            self._copy(rest.split())
        elif word == "RUN" and "useradd" not in rest:
            print(f"RUN {rest[:110]}", flush=True)
            command = self.moved(rest)
            subprocess.run(["/bin/sh", "-c", command], cwd=self.folder, env=self.environment, check=True)

    def _copy(self, names: list[str]) -> None:
        *sources, target = (n for n in names if not n.startswith("--"))
        for name in sources:
            here, there = ROOT / name, self.folder / target
            if here.is_dir():
                shutil.copytree(here, there, dirs_exist_ok=True)
            else:
                there.mkdir(parents=True, exist_ok=True)
                shutil.copy(here, there)


def serve(steps: Steps, command: list[str], check: list[str]) -> float:
    """Start the service and wait until its health check passes; seconds that took. Raises CalledProcessError."""
    environment = steps.environment | {"APP_PORT": PORT, "APP_HOST": "127.0.0.1"}
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=steps.folder, env=environment)
    try:
        while True:
            done = subprocess.run(check, cwd=steps.folder, env=environment, capture_output=True)
            if done.returncode == 0:
                return time.monotonic() - begun
            if process.poll() is not None or time.monotonic() - begun > PATIENCE:
                raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
            time.sleep(0.5)
    finally:
        process.terminate()
        process.wait(30)


def main() -> int:
    """All steps; 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--variant", default="cpu", choices=("cpu", "gpu"))
    parser.add_argument("--torch", default="", help="another index for torch's build for processors")
    options = parser.parse_args()
    root = options.keep or Path(tempfile.mkdtemp(prefix="image-"))
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    changes = {"VARIANT": options.variant} | ({"TORCH_CPU_INDEX": options.torch} if options.torch else {})
    steps, last = Steps(root.absolute(), changes), {}
    try:
        for word, rest in instructions((ROOT / "Dockerfile").read_text(encoding="utf-8")):
            steps.take(word, rest)
            last[word] = rest
        health = json.loads(last["HEALTHCHECK"].split("CMD ", 1)[1])
        print(f"healthy after {serve(steps, json.loads(last['CMD']), health):.1f} s")
    except subprocess.CalledProcessError as error:
        print(f"FAILED: {error}\n{(error.stderr or b'').decode(errors='replace')[-2000:]}", file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            shutil.rmtree(root, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
