"""What reading words needs is prepared (:mod:`pipeline.compute.prepared`) when the product is installed, not by somebody's first job: the
dictionaries of the languages with a tagger and the tables of the sentence encoder. Seven seconds of a processor.

    python -m pipeline.text.preparing
"""

from __future__ import annotations

import contextlib

from pipeline.compute.models import SPACY_PACKAGES
from pipeline.compute.prepared import prepared
from pipeline.errors import ModelUnavailable
from pipeline.settings import Settings
from pipeline.text import dictionaries, encoder


def prepare(settings: Settings) -> None:
    """Writes what is not there yet beside the models; a model that is missing is told of by who needs it."""
    prepared.use(settings.models_dir / "prepared")
    for language in SPACY_PACKAGES:
        dictionaries.spellings((), language)
    with contextlib.suppress(ModelUnavailable):
        encoder.load()


if __name__ == "__main__":
    prepare(Settings.from_env())
