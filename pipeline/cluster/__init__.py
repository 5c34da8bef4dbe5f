"""Work on other machines. Doors: ``engine`` (an engine whose long stages are done elsewhere) and ``crew`` (who does them);
``tasks`` are what travels, ``worker`` is the other side, ``store`` where files are handed over."""
