"""What is said, word by word. Door: ``transcriber``. ``voice`` says where somebody speaks, ``course`` how the pieces between are
heard, ``guards`` what is not believed, ``sentences`` where one ends; recognisers live in ``whisper``."""
