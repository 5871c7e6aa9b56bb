"""How are numbers stored? Formats with their range, spacing and exact bits per element."""

from accelsim.precision.catalog import CATALOG, element_of, grouped, parse_format
from accelsim.precision.formats import Block, Format, Span

__all__ = ["CATALOG", "Block", "Format", "Span", "element_of", "grouped", "parse_format"]
