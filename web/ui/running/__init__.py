"""How a job is told: its card while it waits or runs, the bar that is left when it has ended, and what went wrong."""
