"""A timeline becomes a file, and the file is proven. Doors: ``render`` (clips; ``options`` how, ``work`` what one rendering knows),
``exports`` (cut lists for editors, their table), ``previews``; ``shapes`` is the table of shapes and of the ways to fill them; ``checks``
decodes what was written."""
