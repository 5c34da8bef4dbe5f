"""What the search for a dub's place asks of files and devices: ``device_search`` (correlations on the processor or a GPU),
``polish`` (the last word by phase, on decoded sound)."""
