"""Refuses to time a peer over the reference BLAS, which nobody who cares for speed runs."""
import sys


def require_fast_blas():
    """Ends the process where Debian's reference BLAS is loaded: it is some ten times slower."""
    with open("/proc/self/maps") as maps:
        if "/blas/libblas.so" in maps.read():
            sys.exit("NumPy and PyTorch are on the reference BLAS here: apt-get install libopenblas0-pthread")
