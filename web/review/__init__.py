"""Reviewing a synchronised film: ``work`` (doubtful places, ticks and notes, pictures and sounds of a moment), ``waves`` (a drawing of
the sounds), ``routes`` for programs; the page's side is in ``web/ui/dubsync``."""
