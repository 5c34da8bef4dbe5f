"""The one queue. Doors: ``queue`` (submit, stop, read), ``kinds`` (what each kind of job does), ``clips`` (the files of a
result). ``store`` holds the rows, ``folders`` the files, ``inputs`` brings what a job needs."""
