"""Files that come in: ``received`` (written piece by piece under a name of ours), ``addresses`` (which addresses may be asked),
``downloads``. For the command line as much as for the page."""
