"""Composition root: ``python app.py`` serves the page, which an installed wheel calls ``reelify-studio``. No logic here."""

from __future__ import annotations

import sys

from web.studio import main

if __name__ == "__main__":
    sys.exit(main())
