"""The tab that puts a dub in sync."""
