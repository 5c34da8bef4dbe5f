"""Where a dub belongs by what is said: sentences of two languages are aligned. Doors: ``meaning`` and ``alignment``. Pure."""
