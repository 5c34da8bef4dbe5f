"""How clips look, on the page: the choice of a look, and keeping one of one's own."""
