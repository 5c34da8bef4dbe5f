"""What is said as text to be read: ``cues`` divides it, ``subtitles`` writes files of it (their table), ``styles``, ``placing`` and
``script`` say how it looks when it is burned in and where, ``fonts`` what draws it."""
