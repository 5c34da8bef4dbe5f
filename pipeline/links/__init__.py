"""Links that lead to a page with a video, where the operator allows their sites: fetched by yt-dlp in a process of its own that reaches
the network through a door of ours alone. Door: ``fetching`` (any address: a media file, or a link). ``gate`` is that door, ``visitor``
the program of the process, ``visits`` who starts it."""
