"""The log: one JSON object a line, with the id of the job it is about, in a file that rotates and on standard error."""

from __future__ import annotations

import json
import logging
import logging.handlers
from datetime import datetime, timezone
from typing import Any

from pipeline.settings import Settings
from web.jobs.values import current_job

FILE_BYTES = 10 * 1024 * 1024
FILES = 5
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
