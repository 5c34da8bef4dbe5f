"""What a clip may be posted with, as it is shown on every card: title, description, tags, one button that copies them, and the score."""
