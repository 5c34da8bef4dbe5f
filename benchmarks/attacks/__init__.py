"""What was tried against the service, with what came out: ``python -m benchmarks.attacks``.

Each module holds the attempts of some families; ``place`` is the service they are made against, ``attempts`` what an attempt is. The
tests make the same attempts.
"""
