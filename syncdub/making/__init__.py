"""From the map to the film: ``plan`` (pure), ``soundtrack``, ``subtitles``, ``preview``, ``nudge``, and ``measure``, which
listens to the finished file."""
