"""An original film and its dub from another release, in sync, in one file. Doors: ``workflow`` and ``analysis``; rooms ``exact``
(sound and picture), ``reading`` (what decodes or uses a device), ``meaning`` (what is said), ``making`` (the file). ``witnesses`` is the table of who
can say where the dub belongs."""
