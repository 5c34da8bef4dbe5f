"""The tab that ranks clips: its form, its jobs, and how a ranked clip is shown."""
