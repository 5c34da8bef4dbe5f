"""A timeline becomes a file, and the file is proven. Doors: ``render`` (clips), ``captions`` (words in the picture and beside
it), ``exports`` (cut lists for editors), ``previews``; ``checks`` decodes what was written."""
