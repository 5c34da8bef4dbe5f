"""Devices, models and remembered results. Doors: ``device`` (what calculates, and how much fits), ``models`` (weights that
arrive with the installation, checked), ``remembered`` (a stage's result, kept by the content of its file), ``warm``."""
