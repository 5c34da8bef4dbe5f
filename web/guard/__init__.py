"""Who may do what, how often: ``security`` (accounts, tokens, headers) and ``limits``."""
