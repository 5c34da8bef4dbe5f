"""Changes by hand, the same for the clips of both tabs: what a view sent is kept, and what is drawn for it beside the player."""
