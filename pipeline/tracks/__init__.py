"""Sound tracks and containers: ``edit`` cuts and stretches a track to another clock, ``encode`` writes it, ``mux`` puts the
tracks into one file, ``copying`` passes packets on unchanged, ``choice`` finds the track with the voice."""
