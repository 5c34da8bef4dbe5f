"""Where media enters the page and the endpoints: a field that hands on what was named, and a page whose other fields hold no files.

Gradio copies or downloads whatever file object it finds in any field before a handler sees it. Here a media field is text from the
start — the path of an upload, an address, a path in the library — and :class:`web.intake.sources.Sources` alone decides what becomes
of it; a file object anywhere else is refused.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.component_meta import ComponentMeta
from gradio.exceptions import ComponentProcessingError
from gradio.utils import get_upload_folder

from pipeline.errors import BadRequest, NotFound, StudioError
from web.guard.doors import REFUSED, holds_file
from web.intake.sources import example
from web.problems import plain
from web.ui.following import Told, shown

MOST_FILES = 1000
MOST_PATH = 4096
WHAT = "an upload's file data, or as text: an http(s) address, a path this service gave, or a path in the media library"
_log = logging.getLogger(__name__)


class _Unwritten(ComponentMeta):  # type: ignore[misc]
    """Makes a component class without writing a ``.pyi`` beside its module, as Gradio's own metaclass does on import."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> Any:
        return super(ComponentMeta, mcs).__new__(mcs, name, bases, attributes)


class MediaField(gr.File, metaclass=_Unwritten):  # type: ignore[misc]
    """A file field whose value is text: how the visitor named each file. It may be left out."""

    is_template = True  # looks as its parent does

    # What comes in is text, so there is nothing to make of it. (A constructor of its own would hide the parent's parameters.)
    data_model = property(lambda self: None, lambda self, value: None)

    def preprocess(self, payload: Any) -> str | list[str] | None:
        """What :func:`named` made of the request."""
        return payload if payload is None or isinstance(payload, str | list) else None

    async def async_move_resource_to_block_cache(self, url_or_file_path: Any) -> str | None:
        """What is shown here lies among the page's files or is an example; Gradio would take in whatever a handler hands back.

        Raises:
            NotFound: it is something else.
        """
        text = str(url_or_file_path) if url_or_file_path else None
        if text is None or example(text) or Path(text).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
            return text
        raise NotFound("error.not_yours")

    def api_info(self) -> dict[str, Any]:
        """A file, its name as text, or nothing; as a list where several may be given."""
        one = {"anyOf": [_without_titles(gr.FileData.model_json_schema()), {"type": "string"}]}
        kind = one["anyOf"] if self.file_count == "single" else [{"type": "array", "items": one}]
        return {"anyOf": [*kind, {"type": "null"}], "description": WHAT}


def _without_titles(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its definitions where they are used: it becomes part of a larger one."""
    definitions = schema.pop("$defs", {})

    def inner(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return inner(
                    {**definitions[node["$ref"].rpartition("/")[2]], **{k: v for k, v in node.items() if k != "$ref"}}
                )
            return {k: inner(v) for k, v in node.items()}
        return [inner(v) for v in node] if isinstance(node, list) else node

    found: dict[str, Any] = inner(schema)
    return found


def named(value: Any, several: bool) -> str | list[str] | None:
    """What a request gave a media field, as text. Raises BadRequest where it is neither file objects nor names."""
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, list):
        if len(value) > MOST_FILES or (len(value) > 1 and not several):
            raise BadRequest("error.media_field")
        names = [_name(v) for v in value]
        return names if several else names[0]
    return [_name(value)] if several else _name(value)


def _name(value: Any) -> str:
    text = value.get("path") if isinstance(value, Mapping) else value
    if not isinstance(text, str) or not text or len(text) > MOST_PATH:
        raise BadRequest("error.media_field")
    return text


class Studio(gr.Blocks):  # type: ignore[misc]
    """The page's blocks: files only in media fields, and every refused call one line of the log."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """See :meth:`gradio.Blocks.preprocess_data`. Every request comes through here before anything looks at its values."""
        if len(inputs) < len(block_fn.inputs):
            raise BadRequest(detail=f"{len(inputs)} < {len(block_fn.inputs)}")
        found = [_checked(block, value) for block, value in zip(block_fn.inputs, inputs, strict=False)]
        processed: list[Any] = await super().preprocess_data(block_fn, found, *args, **kwargs)
        return processed

    async def process_api(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """See :meth:`gradio.Blocks.process_api`. What the request did wrong is told without a trace of our source."""
        try:
            done: dict[str, Any] = await super().process_api(*args, **kwargs)
            return done
        except gr.Error as error:
            error.print_exception = False
            _log.info("a call was refused", extra={"reason": plain(str(error.message))})
            _noted(error, kwargs.get("request"))
            raise
        except StudioError as error:
            _log.info("a call was refused", extra={"reason": error.short_code})
            raise _noted(shown(error, kwargs.get("request")), kwargs.get("request")) from error
        except ComponentProcessingError as error:
            if not str(error).startswith("Could not preprocess"):
                _log.exception("a call failed")
                raise _noted(shown(StudioError(), kwargs.get("request")), kwargs.get("request")) from error
            _log.info("a call was refused", extra={"reason": type(error.__cause__).__name__})
            raise _noted(shown(BadRequest(detail="…"), kwargs.get("request")), kwargs.get("request")) from error
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError, RuntimeError) as error:
            _log.error("a call failed", extra={"reason": type(error).__name__, "where": _last_frame(error)})
            _log.debug("the call that failed", exc_info=error)
            raise _noted(shown(StudioError(), kwargs.get("request")), kwargs.get("request")) from error


def _noted(error: gr.Error, request: gr.Request | None) -> gr.Error:
    """``error``, which the request's answer repeats where this is a direct call (:mod:`web.guard.doors`)."""
    asked = getattr(request, "request", None)
    if asked is not None and isinstance(error, Told):
        asked.scope.get(REFUSED, []).append(error.refused)
    return error


def _last_frame(error: BaseException) -> str:
    """Where an error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{'/'.join(Path(frames[-1].filename).parts[-3:])}:{frames[-1].lineno}" if frames else ""


def _checked(block: Any, value: Any) -> Any:
    """``value`` as ``block`` may have it. Raises BadRequest."""
    if isinstance(block, MediaField):
        return named(value, block.file_count != "single")
    if holds_file(value):
        raise BadRequest("error.media_field")
    return value
