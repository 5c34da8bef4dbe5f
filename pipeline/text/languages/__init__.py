"""What is known of each spoken language, values only. Doors: ``known`` (the table, and what all languages together say),
``values`` (what can be said of one). A new language is one module beside ``es`` and ``en`` and its name in ``known``."""
