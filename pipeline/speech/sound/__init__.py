"""What is listened to: ``source`` (a file, sound, or blocks of it), ``tracks`` (which audio track somebody speaks on), ``voice`` (where
somebody speaks, and the chunks a recogniser hears)."""
