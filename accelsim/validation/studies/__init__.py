"""Which published measurements is accelsim compared with? One module a system, each with ``comparisons()``."""
