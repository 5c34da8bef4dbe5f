"""The tab that searches what is said and heard in files and in the whole library, and divides a video into chapters."""
