"""The log: one JSON object a line, with the id of the job it is about, in a file that rotates and on standard error."""

from __future__ import annotations

import io
import json
import logging
import logging.handlers
import sys
import threading
from datetime import datetime, timezone
from typing import Any

from pipeline.settings import Settings
from web.jobs.values import current_job

FILE_BYTES = 10 * 1024 * 1024
FILES = 5
_log = logging.getLogger(__name__)
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, the job's id where there is one, ``extra`` values."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        entry: dict[str, Any] = {"time": time, "level": record.levelname, "logger": record.name}
        entry["message"] = record.getMessage()
        entry |= {k: v for k, v in record.__dict__.items() if k not in _STANDARD}
        job_id = entry.get("job_id") or current_job.get()
        if job_id:
            entry["job_id"] = job_id
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


def configure(settings: Settings) -> None:
    """Send everything from ``LOG_LEVEL`` up to ``<data>/logs/service.log`` (rotated) and to standard error."""
    folder = settings.data_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(
        folder / "service.log", maxBytes=FILE_BYTES, backupCount=FILES, encoding="utf-8", delay=True
    )
    root = logging.getLogger()
    root.setLevel(settings.log_level)
    for old in [h for h in root.handlers if isinstance(h.formatter, JsonLines)]:
        root.removeHandler(old)
        old.close()
    for handler in (file, logging.StreamHandler()):
        handler.setFormatter(JsonLines())
        root.addHandler(handler)
    for noisy in ("httpx", "httpcore", "numba", "matplotlib", "python_multipart", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class Lines(io.TextIOBase):
    """A stream that makes an entry of the log of every line that some library prints."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger, self._begun = logger, ""

    def writable(self) -> bool:
        """It takes text."""
        return True

    def write(self, text: str) -> int:
        """Every whole line becomes an entry; the rest waits for its end."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if line.strip():
                self._logger.info("%s", line.rstrip())
        return len(text)


def own_standard_error() -> None:
    """Make everything on standard error an entry of the log: what libraries print, warnings, errors of threads."""
    sys.stderr = Lines(logging.getLogger("stderr"))
    logging.captureWarnings(True)
    sys.excepthook = lambda kind, error, trace: _log.critical("ended by an error", exc_info=(kind, error, trace))
    threading.excepthook = lambda args: _log.error(
        "a thread ended by an error", exc_info=(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
    )
