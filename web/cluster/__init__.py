"""Jobs on the workers of a cluster: ``run`` and the ``files`` they need."""
