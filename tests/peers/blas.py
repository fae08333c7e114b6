"""Refuses to time a peer over the reference BLAS, which nobody who cares for speed runs."""
import re, sys


def require_fast_blas():
    """Ends the process where no fast BLAS is loaded: the reference one is some ten times slower."""
    with open("/proc/self/maps") as maps:
        if not re.search("openblas|mkl|blis|atlas", maps.read()):
            sys.exit("NumPy and PyTorch are on the reference BLAS here: apt-get install libopenblas0-pthread")
