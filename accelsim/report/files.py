"""How is a file written so that it is whole or not there? As everywhere: see `accelsim.files`."""

from accelsim.files import check_place, check_suffix, write_whole

__all__ = ["check_place", "check_suffix", "write_whole"]
