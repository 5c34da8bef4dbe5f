"""Writes the hashes of everything the image installs: ``python deploy/lock.py`` (or ``make lock``), after a version has changed.

pip itself resolves ``requirements.txt`` under ``constraints.txt`` for this machine's Python, from PyPI and nothing else, and
says which files it would take; then it is asked for the same versions on the other architecture. What comes out is
``requirements-lock.txt``, which the image installs with ``--no-deps --require-hashes``, and ``requirements-lock-gpu.txt``:
torch as PyPI has it, with its CUDA libraries. torch without CUDA comes from PyTorch's own index (or ``--wheels``, a folder with
that wheel): ``--torch-cpu VERSION`` writes ``requirements-lock-cpu.txt``, and elsewhere than on x86-64 prints the hash for the
image's argument ``TORCH_CPU_HASH``.

Run it with the Python of the image (3.11) on Linux x86-64.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
GPU = re.compile(r"torch|nvidia-.+|cuda-.+")
ALSO_GPU = "nvidia-cublas-cu12>=12.8,<13"
"""CTranslate2 opens this one, which torch no longer brings."""
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
OTHER = "aarch64"
PLATFORMS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_26", "manylinux_2_17", "manylinux2014")
HEAD = "# Written by deploy/lock.py: every file the image installs, by its hash. Change requirements.txt and constraints.txt, not this.\n"
HEAD_CPU = (
    "# torch without CUDA as PyTorch's own index has it (not on PyPI), for x86-64: "
    "`python deploy/lock.py --torch-cpu VERSION` writes it.\n"
)


@dataclass(frozen=True)
class File:
    """The file pip takes for a package."""

    name: str
    version: str
    digest: str
    everywhere: bool
    """It is for no architecture in particular."""

    @property
    def pinned(self) -> str:
        return f"{self.name}=={self.version}"


def asked(arguments: Sequence[str]) -> dict[str, File]:
    """What pip would install, by name. Raises CalledProcessError."""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith("PIP_") or k in {"PIP_CERT", "PIP_INDEX_URL"}
    }
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--dry-run",
            "--ignore-installed",
            "--quiet",
            "--report",
            str(report),
        ]
        environment["PIP_CONFIG_FILE"] = os.devnull
        subprocess.run([*command, *arguments], check=True, cwd=ROOT, env=environment)
        found = json.loads(report.read_text())["install"]
    return {file.name: file for file in map(_file, found)}


def _file(told: dict[str, Any]) -> File:
    name, link = re.sub(r"[-_.]+", "-", told["metadata"]["name"]).lower(), told["download_info"]
    everywhere = not link["url"].endswith(".whl") or link["url"].endswith("-any.whl")
    digest = link["archive_info"]["hashes"]["sha256"]
    return File(name, told["metadata"]["version"].partition("+")[0], digest, everywhere)


def elsewhere(files: Sequence[File]) -> dict[str, File]:
    """The files of the same versions on the other architecture; without those that are not there."""
    platforms = [part for p in PLATFORMS for part in ("--platform", f"{p}_{OTHER}")]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = ["--no-deps", "--only-binary", ":all:", "--target", "none", "--python-version", version, *platforms]
    try:
        return asked([*wanted, *(f.pinned for f in files)])
    except subprocess.CalledProcessError:
        half = len(files) // 2
        return {} if len(files) <= 1 else elsewhere(files[:half]) | elsewhere(files[half:])


def lines(files: Sequence[File], others: Mapping[str, File]) -> list[str]:
    """As pip reads them; a package that only one architecture has says so."""
    found = []
    for file in files:
        other = others.get(file.name)
        only = "" if file.everywhere or other else f' ; platform_machine == "{os.uname().machine}"'
        marks = sorted({file.digest, other.digest if other else file.digest})
        found.append(f"{file.pinned}{only} " + " ".join(f"--hash=sha256:{mark}" for mark in marks))
    return found


def torch_cpu(version: str, wheels: str | None) -> str:
    """The hash of torch without CUDA, written down where this is x86-64."""
    source = ["--no-index", "--find-links", wheels] if wheels else ["--index-url", CPU_INDEX]
    digest = asked(["--no-deps", *source, f"torch=={version}+cpu"])["torch"].digest
    if os.uname().machine == "x86_64":
        (ROOT / "requirements-lock-cpu.txt").write_text(f"{HEAD_CPU}torch=={version}+cpu --hash=sha256:{digest}\n")
    return f"sha256:{digest}"


def main() -> None:
    """Both files, or the hash of torch without CUDA."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch-cpu", metavar="VERSION", help=f"lock this version from {CPU_INDEX}")
    parser.add_argument("--wheels", help="the folder that has this wheel, instead of the index")
    options = parser.parse_args()
    if options.torch_cpu:
        print(torch_cpu(options.torch_cpu, options.wheels))  # noqa: T201
        return
    found = asked(["-r", "requirements.txt", "-c", "constraints.txt", ALSO_GPU]).values()
    files = sorted(found, key=lambda f: f.name)
    common, gpu = ([f for f in files if bool(GPU.fullmatch(f.name)) == on_gpu] for on_gpu in (False, True))
    others = elsewhere([f for f in common if not f.everywhere])
    for name, chosen in (("requirements-lock.txt", common), ("requirements-lock-gpu.txt", gpu)):
        (ROOT / name).write_text(HEAD + "\n".join(lines(chosen, others)) + "\n")
        print(f"{name}: {len(chosen)} packages")  # noqa: T201


if __name__ == "__main__":
    main()
