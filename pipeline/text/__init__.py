"""What words are and what sentences mean. Doors: ``tagger`` (tokens), ``embedder`` (sentence vectors), ``keywords`` (a word in
all its forms). ``inflection`` and ``dictionaries`` know how words change; what is known of each language is in ``languages``."""
