"""The modules that both products share. This hall holds what every room may use: plain values (``values``), how work tells
and is stopped (``progress``), what can go wrong (``errors``), words in the reader's language (``messages``), settings, files
that appear whole or not at all (``atomic``), and ``engine``, the door to everything that needs a model
(``stages`` is who does it)."""
