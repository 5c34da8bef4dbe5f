"""What somebody asks of the product, written once: a request is a frozen dataclass that every door builds and every job reads.

A field of a request is a parameter. Its type, default, range and help stand there and nowhere else: :func:`options_of` gives them to
the command lines, the REST bodies and the Gradio endpoints, :meth:`Request.from_json` checks them. Three rules make the rest unnecessary:

* A stored field that holds a :class:`~pathlib.Path` (also inside tuples and values) is an input file; a field of where results go is
  not stored (``stored=False``). So nobody guesses which parameters name files.
* The JSON form is the fields by name. What is missing has its default, what is unknown is ignored, and what a field was called before
  is put right by :meth:`Request.older`.
* ``None`` where a setting decides: :attr:`Option.setting` names it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pipeline.errors import BadRequest

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from typing_extensions import Self

Door = Literal["command", "rest", "client"]
"""Where a parameter is offered by itself: the command line, the REST bodies, the endpoints of the Gradio client."""
EVERYWHERE: tuple[Door, ...] = ("command", "rest", "client")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What is known of a parameter beside its type and default.

    ``low`` and ``high`` are the range of a number, ``longest`` the characters that are kept of a text, ``pattern`` its form,
    ``choices`` what it may be where the type does not say it.
    ``setting`` is the attribute of the settings that holds the default where the field's own is ``None``; ``shown`` is how a ``None``
    reads. A ``metavar`` that ends with ``.json`` is a file of JSON on the command line.
    ``calls`` is the name at a door where it is not the field's; a flag that is on by default has its ``--no-…`` name there.
    """

    help: str
    low: float | None = None
    high: float | None = None
    longest: int | None = None
    pattern: str = ""
    choices: tuple[str, ...] = ()
    setting: str = ""
    shown: str = ""
    metavar: str | None = None
    doors: tuple[Door, ...] = EVERYWHERE
    calls: Mapping[Door, str] = field(default_factory=dict)


def option(default: Any, help: str, **more: Any) -> Any:  # noqa: A002 - argparse's word
    """A field that is a parameter; ``more`` as :class:`Option`. A callable default makes a new value each time."""
    metadata = {"option": Option(help=help, **more)}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def unstored(default: Any, help: str, **more: Any) -> Any:  # noqa: A002
    """As :func:`option` for what no row keeps: where the results go. A job writes into its own folder."""
    return field(default=default, metadata={"option": Option(help=help, **more), "stored": False})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as a door offers it: ``kind`` is ``bool``, ``int``, ``float``, ``str``, ``Path`` or ``Any`` (JSON), ``name`` the
    field, ``called`` what it is called there."""

    name: str
    called: str
    kind: Any
    default: Any
    choices: tuple[str, ...]
    option: Option

    def default_in(self, settings: Any) -> Any:
        """The default that a door shows: the field's own, the setting's, or the word for ``None``."""
        if self.option.setting:
            return getattr(settings, self.option.setting)
        return self.option.shown if self.default is None else self.default


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What every request has: ``names`` is what their owner calls its files, by path; ``fetch`` the addresses of those that are not here
    yet; ``interface`` the language that the one who asks reads, for words that are written into files; ``notify`` the address that is told
    when the job has ended."""

    kind: ClassVar[str] = ""
    names: Mapping[str, str] = field(default_factory=dict)
    fetch: Mapping[str, str] = field(default_factory=dict)
    interface: str = "en"
    notify: str = option(
        "", "http(s) address that is told when the task ends", longest=2000, pattern="|https?://.+", doors=("rest",)
    )

    def __post_init__(self) -> None:
        """Raises BadRequest where a value is outside its range."""
        for parameter in options_of(type(self)):
            _check(self, parameter)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """The request that ``body`` describes, as a door or a row has it.

        Raises:
            BadRequest: a value has the wrong type or is outside its range; the message names the field.
        """
        from pydantic import ValidationError

        try:
            found: Self = _adapter(_key(cls)).validate_python(cls.older(dict(body)))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise BadRequest("error.field", field=".".join(map(str, first["loc"])), detail=first["msg"]) from error
        except TypeError as error:  # of a form that no version wrote
            raise BadRequest(detail=str(error)) from error
        return found

    @classmethod
    def older(cls, body: dict[str, Any]) -> dict[str, Any]:
        """``body`` with the names that its fields had in earlier versions put right."""
        return body

    def to_json(self) -> dict[str, Any]:
        """Plain JSON of the stored fields."""
        return {name: _plain(getattr(self, name)) for name in stored_fields(type(self))}

    def files(self) -> tuple[str, ...]:
        """The absolute paths of its input files, in the order of its fields, each once."""
        return tuple(dict.fromkeys(map(str, _paths(self))))

    def with_files(self, place: Callable[[Path], Path]) -> Self:
        """The same request with ``place(path)`` instead of every input file."""
        moved: Self = _placed(self, place)
        return moved

    def called(self, path: Path | str) -> str:
        """What people call one of its files."""
        return self.names.get(str(path)) or Path(path).name

    def title(self) -> str:
        """What people call a job that does it."""
        return next((self.called(path) for path in self.files()), "")


def stored_fields(kind: type[Request]) -> tuple[str, ...]:
    """The fields that a row keeps."""
    return _stored(_key(kind))


def options_of(kind: type[Request], door: Door | None = None) -> tuple[Parameter, ...]:
    """The parameters of a request that ``door`` offers (``None``: all of them), in the order of its fields."""
    if door is None:
        return _parameters(_key(kind))
    return tuple(_at(p, door) for p in _parameters(_key(kind)) if door in p.option.doors)


def _at(parameter: Parameter, door: Door) -> Parameter:
    return replace(parameter, called=parameter.option.calls.get(door, parameter.name))


def _key(kind: type[Request]) -> Any:
    """A class as a key of a cache; the type checker takes a dataclass without a hash for its class."""
    return kind


@cache
def _stored(kind: type[Request]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if f.metadata.get("stored", True))


@cache
def _parameters(kind: type[Request]) -> tuple[Parameter, ...]:
    hints = get_type_hints(kind)
    found = []
    for f in fields(kind):
        if isinstance(more := f.metadata.get("option"), Option):
            kind_of, choices = _kind_of(hints[f.name])
            default = f.default_factory() if callable(f.default_factory) else f.default
            found.append(Parameter(f.name, f.name, kind_of, default, more.choices or choices, more))
    return tuple(found)


def _kind_of(hint: Any) -> tuple[Any, tuple[str, ...]]:
    """(what a door takes, its choices) of a field's type without ``None``."""
    if get_origin(hint) in (Union, UnionType):
        hint = next(h for h in get_args(hint) if h is not type(None))
    if get_origin(hint) is Literal:
        return str, get_args(hint)
    return (hint if hint in (bool, int, float, str, Path) else Any), ()


def _check(request: Request, parameter: Parameter) -> None:
    value, limits = getattr(request, parameter.name), parameter.option
    if isinstance(value, str) and limits.longest is not None and len(value) > limits.longest:
        object.__setattr__(request, parameter.name, value[: limits.longest])
    if isinstance(value, str) and parameter.choices and value not in parameter.choices:
        raise BadRequest("error.not_a_choice", field=parameter.name, choices=", ".join(parameter.choices))
    if isinstance(value, str) and limits.pattern and not re.fullmatch(limits.pattern, value):
        raise BadRequest("error.wrong_form", field=parameter.name, value=value[:40])
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = (
            (-math.inf if limits.low is None else limits.low),
            (math.inf if limits.high is None else limits.high),
        )
        if not low <= value <= high:
            raise BadRequest("error.out_of_range", field=parameter.name, low=limits.low, high=limits.high)


@cache
def _adapter(kind: type[T]) -> TypeAdapter[T]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value).encode("utf-8", "replace").decode("utf-8") if isinstance(value, str | Path) else value


def _paths(value: Any) -> Iterator[Path]:
    """Every path in what a request stores, in the order of its fields; :func:`_placed` changes the same ones."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _paths(item)
    elif is_dataclass(value) and not isinstance(value, type):
        names = stored_fields(type(value)) if isinstance(value, Request) else tuple(f.name for f in fields(value))
        for name in names:
            yield from _paths(getattr(value, name))


def _placed(value: Any, place: Callable[[Path], Path]) -> Any:
    """``value`` with every path in it where ``place`` puts it; what is not stored stays as it is."""
    if isinstance(value, Path):
        return place(value)
    if isinstance(value, tuple):
        return tuple(_placed(item, place) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        names = stored_fields(type(value)) if isinstance(value, Request) else tuple(f.name for f in fields(value))
        changed = {name: _placed(getattr(value, name), place) for name in names}
        return replace(value, **changed)
    return value
