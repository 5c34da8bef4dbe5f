"""The REST routes: ``reelify``, ``syncdub``, ``tasks``, ``system``, ``page_uploads``; ``models`` are their bodies, ``answers``
jobs as clients see them, ``context`` who asks."""
