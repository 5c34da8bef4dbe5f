"""Where things lie: what the product brings with it, and where it keeps what it makes.

In a checkout the files of the product are beside its packages, and what it makes goes into the checkout's own ``data``.
Installed from a wheel, its files are in ``pipeline/carried`` and what it makes goes where the system keeps such things of a
user, never into the folder in which a command was typed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import platformdirs

NAME = "reelify-syncdub"
_CARRIED = Path(__file__).resolve().with_name("carried")
_CHECKOUT = Path(__file__).resolve().parents[1]


def installed() -> bool:
    """Whether this is an installed wheel, not a checkout."""
    return _CARRIED.is_dir()


def brought(*names: str) -> Path:
    """A file or folder that comes with the product, named as in a checkout: ``brought("assets", "fonts")``."""
    return (_CARRIED if installed() else _CHECKOUT).joinpath(*names)


def data_folder() -> Path:
    """Where results, remembered stages and models stay unless ``DATA_DIR`` says otherwise."""
    return Path(platformdirs.user_data_path(NAME, appauthor=False)) if installed() else _CHECKOUT / "data"


def work_folder() -> Path:
    """Where working files go unless ``TEMP_DIR`` says otherwise; as large as the films."""
    if installed():
        return Path(platformdirs.user_cache_path(NAME, appauthor=False)) / "work"
    return Path(tempfile.gettempdir()) / "studio"


def env_file() -> Path:
    """The file of settings that is read before the environment."""
    return (Path(platformdirs.user_config_path(NAME, appauthor=False)) if installed() else _CHECKOUT) / ".env"
