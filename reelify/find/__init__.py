"""Finding one's way in long videos: what is said and heard by words and meaning (``searching``), and chapters by topic (``chapters``,
written by ``listing``). Pure; the models' part is ``reelify.find_workflow``."""
