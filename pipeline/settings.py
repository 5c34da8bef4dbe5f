"""Every setting, read once from the environment. The only reader of ``os.environ``.

Names are those of the two older systems wherever they had one. A wrong value raises :class:`SettingsError`, which names
the key and the value. The file :func:`pipeline.places.env_file` is read first (``.env`` beside ``app.py`` in a checkout); real
environment variables win.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pipeline import places
from pipeline.speech.backends import BACKENDS, DEFAULT

GIB = 1024**3
T = TypeVar("T")
_SITE = re.compile(r"\w+|[\w.]+:\w+")


QUIET = {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime: a device id in ~/.cache/Microsoft, events to its maker
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",  # after every event Gradio groups the last 10,000 with pandas: 23 to 43 ms each
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PYTORCH_ENABLE_MPS_FALLBACK": "1",  # what an Apple card lacks is done by the processor instead of being refused
}
"""What keeps libraries from reporting to their makers, from counting what nobody reads and from giving up; each reads it once, when it is
imported."""


BLAS = "OPENBLAS_NUM_THREADS"


class SettingsError(ValueError):
    """A setting has a value that cannot be used; the text names key, value and what is expected."""


def keep_quiet() -> None:
    """Lets no library report anything to anybody, unless the environment says so; to be called before they are imported."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def multiply_alone() -> None:
    """Products of matrices are worked out by the thread that asks for them, unless the environment (:data:`BLAS`) says otherwise: after
    each small product OpenBLAS's other threads wait for the next one without sleep, a quarter of all that a film of 45 minutes and its
    dub took of the processor. Libraries that are loaded later read the environment."""
    from threadpoolctl import threadpool_limits

    os.environ.setdefault(BLAS, "1")
    if (wanted := os.environ[BLAS]).isdigit():
        threadpool_limits(max(1, int(wanted)), user_api="blas")


def _device(text: str) -> str:
    """``auto``, ``cpu``, or torch's name of a family of cards or of one of them."""
    found = text.strip().lower()
    if not re.fullmatch(r"auto|cpu|mps|(cuda|xpu)(:\d+)?", found):
        raise ValueError("one of auto, cpu, cuda, cuda:1, xpu, mps")
    return found


def _flag(text: str) -> bool:
    low = text.strip().lower()
    if low in {"1", "true", "yes", "on", "si", "sí"}:
        return True
    if low in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("true or false")


def _words(text: str) -> tuple[str, ...]:
    return tuple(w.strip() for w in text.split(",") if w.strip())


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError(f"a number from {low:g} to {high:g}")
        return value

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return parse


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError("one of " + ", ".join(allowed))
        return text

    return parse


def _store(text: str) -> str:
    """An address of a kind that fsspec has what it needs for; ``""`` for none."""
    from fsspec import get_filesystem_class
    from fsspec.utils import get_protocol

    try:
        if text:
            get_filesystem_class(get_protocol(text))
    except ImportError as error:
        raise ValueError(str(error)) from error
    return text


def _sites(text: str) -> tuple[str, ...]:
    """Keys of yt-dlp's extractors, or ``package.module:Class`` of one's own; never the generic one."""
    names = _words(text)
    for name in names:
        if not _SITE.fullmatch(name) or name.lower() in {"generic", "all", "default"}:
            raise ValueError("names of yt-dlp's extractors such as Youtube, or package.module:ClassIE")
    if names and importlib.util.find_spec("yt_dlp") is None:
        raise ValueError("needs the extra links: pip install 'reelify-syncdub[links]'")
    return names


def _address(text: str) -> str:
    if not text.lower().startswith(("https://", "http://")):
        raise ValueError("an address that begins with https:// or http://")
    return text.rstrip("/")


def _path(text: str) -> Path:
    if not text.strip():
        raise ValueError("a folder")
    return Path(text).expanduser().absolute()


def _memory(text: str) -> int:
    """``4G``, ``4GiB``, ``512m`` or bytes → bytes."""
    units = {"k": 1024, "m": 1024**2, "g": GIB, "t": 1024 * GIB}
    body = text.strip().lower().removesuffix("ib").removesuffix("b")
    if not body:
        return 0
    factor = units.get(body[-1], 1)
    return int(float(body.rstrip("kmgt")) * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings with their defaults; build it with :meth:`from_env`. Durations in seconds, sizes in bytes."""

    # server
    host: str = "127.0.0.1"
    port: int = 7860
    log_level: str = "INFO"
    language: str = "auto"
    # folders
    data_dir: Path = field(default_factory=places.data_folder)
    temp_dir: Path = field(default_factory=places.work_folder)
    models_dir: Path = field(default_factory=lambda: places.data_folder() / "models")
    clips_input_dir: Path | None = None
    clips_output_dir: Path | None = None
    uploads_dir: Path | None = None
    output_dir: Path | None = None
    # highlights and ranking
    min_clip_duration: float = 15.0
    max_clip_duration: float = 180.0
    viral_keywords: tuple[str, ...] = ("oferta", "descuento", "quiero", "increíble", "gratis")
    emotion_keywords: tuple[str, ...] = ("amor", "odio", "feliz", "triste", "emocionado")
    min_viral_score: float = 0.3
    # models and device
    use_subtitles: bool = True
    custom_words: tuple[str, ...] = ()
    whisper_model: str = "base"
    speech_backend: str = DEFAULT
    sentence_model: str = "paraphrase-multilingual-MiniLM-L12-v2"
    device: str = "auto"
    allow_hub: bool = False
    package_index: str = "https://pypi.org/simple"
    # uploads, library, limits
    max_upload: int = 20 * GIB
    allowed_extensions: tuple[str, ...] = (
        "mp4", "avi", "mkv", "mov", "wmv", "flv", "webm", "m4v", "ts", "m2ts", "mpg", "vob",
        "m4a", "mp3", "flac", "wav", "ogg", "opus", "aac", "ac3", "eac3", "dts", "mka",
        "mp2", "wma", "thd",
    )  # fmt: skip
    media_source_enabled: bool = False
    media_source_path: Path | None = None
    allow_private_urls: bool = False
    max_download: int = 20 * GIB
    link_sites: tuple[str, ...] = ()
    max_memory: int = 0
    max_cpus: float = 0.0
    # housekeeping
    keep_days: float = 7.0
    keep_bytes: int = 200 * GIB
    keep_bytes_each: int = 0
    # security
    secret_key: str = ""
    users: tuple[str, ...] = ()
    api_tokens: tuple[str, ...] = ()
    rate_limit: str = "120/minute"
    cors_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    # jobs
    workers: int = 1
    scheduler_address: str = ""
    shared_storage: str = ""
    job_time_limit: float = 24 * 3600.0
    mcp_server: bool = False
    share_days: float = 0.0
    """Days for which a link to a result holds; 0: there are none."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings from ``environ`` (default: the file of settings, then the process environment).

        Raises:
            SettingsError: a value cannot be used; the message names the key.
        """
        source = dict(_dotenv(places.env_file())) | dict(os.environ) if environ is None else dict(environ)
        values: dict[str, object] = {}
        for key, (name, parse) in _TABLE.items():
            text = source.get(key)
            if text is None or (text.strip() == "" and name not in _MAY_BE_EMPTY):
                continue
            try:
                values[name] = parse(text)
            except (ValueError, IndexError) as error:
                raise SettingsError(f"{key}={text!r}: {error}") from error
        settings = cls(**values)  # type: ignore[arg-type]
        if settings.min_clip_duration > settings.max_clip_duration:
            raise SettingsError(
                f"MIN_CLIP_DURATION={settings.min_clip_duration:g} is over MAX_CLIP_DURATION={settings.max_clip_duration:g}"
            )
        return settings

    @property
    def quota(self) -> int:
        """Bytes that one owner may have in results and uploads (``KEEP_BYTES_EACH``, else all of ``KEEP_BYTES``)."""
        return self.keep_bytes_each or self.keep_bytes

    @property
    def raw_clips(self) -> Path:
        """Where initial clips go (``CLIPS_INPUT_DIR``)."""
        return self.clips_input_dir or self.data_dir / "clips" / "raw"

    @property
    def viral_clips(self) -> Path:
        """Where viral clips go (``CLIPS_OUTPUT_DIR``)."""
        return self.clips_output_dir or self.data_dir / "clips" / "viral"

    @property
    def uploads(self) -> Path:
        return self.uploads_dir or self.data_dir / "uploads"

    @property
    def outputs(self) -> Path:
        return self.output_dir or self.data_dir / "output"

    @property
    def page_files(self) -> Path:
        """Where the page keeps what visitors upload to it and what it shows them."""
        return self.temp_dir / "gradio"


_MAY_BE_EMPTY = frozenset({"viral_keywords", "emotion_keywords"})
_TABLE: dict[str, tuple[str, Callable[[str], object]]] = {
    "APP_HOST": ("host", str),
    "APP_PORT": ("port", _whole(0, 65535)),
    "SERVICE_PORT": ("port", _whole(0, 65535)),
    "LOG_LEVEL": ("log_level", lambda t: _choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")(t.upper())),
    "APP_LANGUAGE": ("language", str),
    "DATA_DIR": ("data_dir", _path),
    "TEMP_DIR": ("temp_dir", _path),
    "MODELS_DIR": ("models_dir", _path),
    "CLIPS_INPUT_DIR": ("clips_input_dir", _path),
    "CLIPS_OUTPUT_DIR": ("clips_output_dir", _path),
    "UPLOADS_DIR": ("uploads_dir", _path),
    "OUTPUT_DIR": ("output_dir", _path),
    "MIN_CLIP_DURATION": ("min_clip_duration", _number(1, 3600)),
    "MAX_CLIP_DURATION": ("max_clip_duration", _number(1, 3600)),
    "VIRAL_KEYWORDS": ("viral_keywords", _words),
    "EMOTION_KEYWORDS": ("emotion_keywords", _words),
    "MIN_VIRAL_SCORE": ("min_viral_score", _number(0, 1)),
    "USE_SUBTITLES": ("use_subtitles", _flag),
    "CUSTOM_WORDS": ("custom_words", _words),
    "WHISPER_MODEL": ("whisper_model", str),
    "SPEECH_BACKEND": ("speech_backend", _choice(*BACKENDS)),
    "SENTENCE_TRANSFORMER_MODEL": ("sentence_model", str),
    "DEVICE": ("device", _device),
    "ALLOW_HUB": ("allow_hub", _flag),
    "PACKAGE_INDEX": ("package_index", _address),
    "MAX_CONTENT_LENGTH": ("max_upload", _whole(1, 2**50)),
    "ALLOWED_EXTENSIONS": ("allowed_extensions", lambda t: tuple(w.lower().lstrip(".") for w in _words(t))),
    "MEDIA_SOURCE_ENABLED": ("media_source_enabled", _flag),
    "MEDIA_SOURCE_PATH": ("media_source_path", _path),
    "ALLOW_PRIVATE_URLS": ("allow_private_urls", _flag),
    "MAX_DOWNLOAD": ("max_download", _whole(1, 2**50)),
    "LINK_SITES": ("link_sites", _sites),
    "MAX_MEMORY": ("max_memory", _memory),
    "MAX_CPUS": ("max_cpus", _number(0, 4096)),
    "KEEP_DAYS": ("keep_days", _number(0, 36500)),
    "KEEP_BYTES": ("keep_bytes", _memory),
    "KEEP_BYTES_EACH": ("keep_bytes_each", _memory),
    "SECRET_KEY": ("secret_key", str),
    "APP_USERS": ("users", _words),
    "API_TOKENS": ("api_tokens", _words),
    "RATE_LIMIT": ("rate_limit", str),
    "CORS_ORIGINS": ("cors_origins", _words),
    "ALLOWED_HOSTS": ("allowed_hosts", lambda t: tuple(w.lower() for w in _words(t))),
    "WORKERS": ("workers", _whole(1, 64)),
    "SCHEDULER_ADDRESS": ("scheduler_address", str),
    "SHARED_STORAGE": ("shared_storage", _store),
    "JOB_TIME_LIMIT": ("job_time_limit", _number(1, 10**7)),
    "MCP_SERVER": ("mcp_server", _flag),
    "SHARE_DAYS": ("share_days", _number(0, 365)),
}


def _dotenv(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values

    return {k: v for k, v in dotenv_values(path).items() if v is not None} if path.is_file() else {}
