"""What a visitor gives: files that are dropped, links, files of the library; checked at once, with one button that begins."""
