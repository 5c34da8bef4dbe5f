"""Looking after a running service: ``monitoring``, ``logs``, ``gpu`` readings, and ``housekeeping``, which removes what is old."""
