"""What can be heard and seen, over time. Door: ``gather`` (one pass over sound, one over pictures), ``pieces`` for long films.
Each kind of evidence has its module: ``signals`` (loudness, spectrum, beats), ``sounds`` (the events of the table ``sound_events``,
music), ``motion``, ``shots`` with a ``second_look`` at doubtful cuts, ``fingerprints`` of pictures and sound, and ``stems`` (music and
effects without the voices)."""
