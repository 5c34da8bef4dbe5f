"""What the timeline of a video draws beside what a job found: ``work`` (what is said, word by word; how loud it is), ``routes`` for the
page."""
