"""An edit plan for people who go on in a video editor: cuts, sound, captions, reasons as markers, reframing as keyframes. Doors:
``values`` (what is handed over), ``plans`` (the table of forms). One module a form; ``timecode`` counts frames, ``moves`` reframes."""
