"""Clips as people post them: ``compilation`` (several moments in one, pure), ``rewriting`` (a corrected transcript),
``posting`` (shape, captions, file)."""
