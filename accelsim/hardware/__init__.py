"""What is a chip? Profiles, their schema, and the laws that fill in what a profile does not list."""

from accelsim.hardware.catalog import Entry, list_profiles, load_profile, template
from accelsim.hardware.chip import Chip, FanOut, Level, Rate, Vector

__all__ = ["Chip", "Entry", "FanOut", "Level", "Rate", "Vector", "list_profiles", "load_profile", "template"]
