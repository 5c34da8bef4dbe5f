"""The moments of a long video worth sharing: found, ranked with every point explained, cut and rendered. Doors: the workflows
``highlights_workflow``, ``rank_workflow``, ``compile_workflow``; rooms ``moments``, ``score``, ``cut``."""
