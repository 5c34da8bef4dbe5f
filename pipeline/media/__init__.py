"""A file becomes facts, frames and samples. Doors: ``probe`` (what a file is), ``decode`` (its sound and pictures as streams),
``samples`` (sound of any layout at any place), ``ffmpeg`` (the one home of child processes). ``container`` opens files for all of them."""
