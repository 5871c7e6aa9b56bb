"""How fast is this machine, and how well does accelsim predict what it was not fitted to? `measure_host.py` says."""
