"""An original film and its dub from another release, in sync, in one file. Doors: ``workflow`` and ``analysis``; rooms ``exact``
(sound and picture), ``reading`` (what decodes or uses a device), ``meaning`` (what is said), ``making`` (the file). The table
``witnesses`` says who can tell where the dub belongs."""
