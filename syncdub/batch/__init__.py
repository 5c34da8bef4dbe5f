"""A season in one go: ``names`` and ``content`` say which dub belongs to which film (pure), ``listening`` makes what content is
judged by, ``table`` is the list a person may edit, ``workflow`` makes the films, ``report`` says what became of them."""
