"""What a stretch of speech is worth, in named parts with their words and seconds. Door: ``ranking``. Pure."""
