"""The library of projects: everything this visitor made or is making, to be opened, named, tried again, deleted and taken back."""
