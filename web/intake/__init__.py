"""What visitors give: ``uploads``, ``resumable`` uploads, ``forms``, ``sources`` (a file, an address or a film of the
``library``)."""
