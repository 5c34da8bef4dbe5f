"""The tab that finds the moments of a long video."""
