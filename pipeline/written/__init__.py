"""What somebody has written down already: subtitles beside a file, inside it or given are better than any recogniser. Doors: ``written``
(the transcript there is), ``spelling`` (names and brands as they are written). ``reading`` knows the forms, ``placing`` times the words."""
