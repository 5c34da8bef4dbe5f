"""The Whisper recognisers: ``on_ctranslate2`` (faster-whisper) and ``on_torch`` (openai-whisper) with its own ``decoder`` and
``encoder``; ``weights`` and ``vocabulary`` read the model that arrives with the installation."""
