"""A timeline becomes a file, and the file is proven. Doors: ``render`` (clips), ``captions`` (words in the picture and beside
it, the table of subtitle forms), ``exports`` (cut lists for editors, their table), ``previews``; ``styles`` is the table of caption
styles, ``shapes`` those of shapes and of the ways to fill them; ``checks`` decodes what was written."""
