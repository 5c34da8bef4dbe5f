"""What a clip can do without: pauses, fillers, repeated starts and what was struck out, each with a receipt. Pure. Doors: ``finding``
(what goes), ``cutting`` (the plan without it). ``pauses``, ``wording`` and ``hesitations`` each find one kind; ``hearing`` measures."""
