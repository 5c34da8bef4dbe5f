"""What is said, word by word. Door: ``transcriber``. ``voice`` says where somebody speaks, ``course`` how the pieces between are
heard, ``listening`` what is said in one of them, ``guards`` what is not believed, ``sentences`` where one ends. ``backends`` is the
table of recognisers, which live in ``whisper``; ``recognisers`` chooses one. ``clock`` alone moves speech to another clock."""
