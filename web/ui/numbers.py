"""Tables with numbers as the reader's language writes them; sorting and filtering still see numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipeline.messages import format_number


def shown_table(table: pd.DataFrame, language: str) -> Any:
    """``table`` with whole numbers as they are and others with as many decimals as they have, one to three."""
    formats = {}
    for name in table.select_dtypes("float").columns:
        digits = max((len(f"{v:.3f}".rstrip("0").partition(".")[2]) for v in table[name]), default=1)
        formats[name] = _writer(max(1, digits), language)
    return table.style.format(formats) if formats else table


def _writer(digits: int, language: str) -> Any:
    return lambda value: format_number(float(value), digits, language)
