"""Links to one result for people who have no account here: ``links`` (signed, expiring), ``routes`` (making one, and what it shows).
Off unless ``SHARE_DAYS`` says for how long a link holds."""
