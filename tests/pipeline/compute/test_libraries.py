"""CUDA's libraries are found where packages brought them."""

from __future__ import annotations

import ctypes.util
import shutil
import sys
from pathlib import Path

import pytest

from pipeline.compute.libraries import preload

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="library names of Linux")


@LINUX
def test_what_the_system_has_is_loaded_by_name() -> None:
    assert preload(ctypes.util.find_library("m") or "libm.so.6", ())


@LINUX
def test_what_a_package_brought_is_found(tmp_path: Path) -> None:
    found = next(Path("/").glob("lib*/**/libm.so.6"), None) or next(Path("/usr").glob("lib*/**/libm.so.6"))
    folder = tmp_path / "cublas" / "lib"
    folder.mkdir(parents=True)
    shutil.copy(found.resolve(), folder / "libofours.so.12")
    assert not preload("libofours.so.12", ())
    assert preload("libofours.so.12", (tmp_path,))


def test_a_library_that_nobody_has_is_no_error(tmp_path: Path) -> None:
    folder = tmp_path / "cublas" / "lib"
    folder.mkdir(parents=True)
    (folder / "libnobody.so.12").write_bytes(b"not a library")
    assert not preload("libnobody.so.12", (tmp_path,))
