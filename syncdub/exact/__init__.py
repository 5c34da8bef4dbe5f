"""Where a dub belongs by what both releases share: music, effects and pictures. Doors: ``soundmatch`` and ``timemap``. Pure."""
