"""The version of the product, here and nowhere else: the package, the REST service and the image take it from here."""

from __future__ import annotations

VERSION = "1.0.0"
