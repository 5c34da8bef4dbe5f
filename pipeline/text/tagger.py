"""Sentences as facts: their tokens, tagged by spaCy (its only home).

Tokens of Spanish and English come from spaCy pipelines, other languages get a rule-based tokenizer and dictionary lemmas.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import importlib.abc
import importlib.util
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pipeline.compute import models
from pipeline.progress import breathe
from pipeline.text.dictionaries import folded_lemmas, readings
from pipeline.text.inflection import fold, hosts_of, readable
from pipeline.text.languages.known import language_of
from pipeline.text.values import Facts, Token

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc


def facts(sentences: Sequence[str], language: str) -> tuple[Facts, ...]:
    """The tokens of every sentence, in order. ``language`` is ISO 639-1; unknown ones are only split into words.

    Sentences are tagged in lower case: a capital in mid-sentence would make the tagger see a name (``una OFERTA``).
    """
    texts = [readable(text) for text in sentences]
    nlp = _tagger(language)
    return tuple(
        _facts(text, doc, language)
        for text, doc in zip(texts, _breathing(nlp.pipe(map(_lower, texts), batch_size=256)), strict=True)
    )


def _breathing(docs: Iterator[Doc]) -> Iterator[Doc]:
    for doc in docs:
        breathe()
        yield doc


def _lower(text: str) -> str:
    """Lower case of the same length, so that positions stay."""
    return "".join(low if len(low := c.lower()) == 1 else c for c in text)


def _facts(text: str, doc: Doc, language: str) -> Facts:
    tokens = (
        Token(
            text=text[t.idx : t.idx + len(t.text)],
            folded=fold(t.text),
            lemma=fold(t.lemma_),
            pos=t.pos_,
            morph=frozenset(str(t.morph).split("|")) - {""},
            lemmas=folded_lemmas(t.text, language) if t.text.isalpha() else (),
            index=t.i,
            start=t.idx,
            space=bool(t.whitespace_),
        )
        for t in doc
        if not t.is_space
    )
    return Facts(
        text,
        language,
        tuple(_enclitic(t, language) for t in tokens) if language_of(language).rules == "spanish" else tuple(tokens),
    )


_HOST_ENDING = re.compile(r"(?:[aeir]|d|mo|mos|n)$")


def _enclitic(token: Token, language: str) -> Token:
    """The token read as a verb with pronouns at its end (cómpralo, suscríbete, quererte), which the tagger does not know.

    Only for spellings no dictionary lists, or lists as a verb's; an imperative is marked ``Mood=Imp``.
    """
    if any(not lemma.endswith("r") for lemma in token.lemmas) or not token.folded.isalpha() or len(token.folded) < 4:
        return token
    if token.lemmas and "Mood=Imp" not in token.morph and token.pos in ("VERB", "AUX"):
        return token
    for host in hosts_of(token.folded):
        verbs = sorted(r for r in readings(host, language) if re.search(r"[aei]r(?:se)?$", r))
        if verbs and _HOST_ENDING.search(host):
            return replace(token, pos="VERB", lemma=verbs[0], morph=_host_mood(host, verbs), lemmas=tuple(verbs))
    return token


def _host_mood(host: str, verbs: Sequence[str]) -> frozenset[str]:
    if host in verbs:
        return frozenset({"VerbForm=Inf"})
    return frozenset({"VerbForm=Ger"}) if host.endswith("ndo") else frozenset({"Mood=Imp", "VerbForm=Fin"})


@functools.lru_cache(maxsize=4)
def _tagger(language: str) -> Language:
    """The spaCy pipeline of ``language``, or a blank tokenizer."""
    with _NoTorch.hidden():
        import spacy

    package = models.spacy_package(language)
    with warnings.catch_warnings():
        # The Spanish package was trained for spaCy 3.1 and says so at every load; its tags were checked with this version.
        warnings.filterwarnings("ignore", message=r"\[W095\]")
        if package is not None:
            return spacy.load(package, exclude=["parser", "ner"])
        try:
            return spacy.blank(language or "xx")
        except ImportError:
            return spacy.blank("xx")


class _NoTorch(importlib.abc.Loader):
    """Lets spaCy's numerics (thinc) be imported without torch: the pipelines here compute with NumPy, and torch, which thinc would
    import for layers nobody uses, takes longer to load than spaCy. Only thinc's module that asks is told that it is not there."""

    ASKS = "thinc.compat"

    def __init__(self, spec: ModuleSpec) -> None:
        self._spec = spec

    @classmethod
    @contextlib.contextmanager
    def hidden(cls) -> Iterator[None]:
        """Imports in here; nothing is hidden where torch, or thinc, is loaded already."""
        if {"torch", cls.ASKS} & set(sys.modules):
            yield
            return
        sys.meta_path.insert(0, cls)  # type: ignore[arg-type]
        try:
            yield
        finally:
            sys.meta_path.remove(cls)  # type: ignore[arg-type]

    @classmethod
    def find_spec(cls, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The module that asks, with this loader; all others are found as ever."""
        found = PathFinder.find_spec(name, path) if name == cls.ASKS else None
        return found and importlib.util.spec_from_loader(name, cls(found), origin=found.origin)

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module's own code; its ``import torch`` fails as where torch is not installed."""

        def without(name: str, *more: Any, **named: Any) -> Any:
            if name.partition(".")[0] == "torch":
                raise ImportError(name)
            return builtins.__import__(name, *more, **named)

        source = self._spec.loader
        code = source.get_code(module.__name__) if isinstance(source, importlib.abc.InspectLoader) else None
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": without}
        if code is not None:
            exec(code, vars(module))
