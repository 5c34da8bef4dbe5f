"""People and programs: the page, the REST routes and the queue behind both. ``application`` puts the routes together, ``runner``
the queue; ``problems`` turns errors into answers."""
