"""How somebody's clips look: ``kits`` are kept looks (captions' style, font, logo, intro and outro, music), ``applied`` puts the one that a
request names into it."""
