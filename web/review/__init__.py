"""Reviewing a synchronised film: ``work`` (doubtful places, ticks and notes, pictures and sounds of a moment), ``routes`` for
programs; the page's side is in ``web/ui/dubsync``."""
