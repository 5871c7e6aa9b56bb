"""What does a YAML file say, and at which line and column does it say it?"""

from accelsim.documents.reading import Document, Mark, dotted, load_document, parse_document
from accelsim.documents.validation import shown, validate

__all__ = ["Document", "Mark", "dotted", "load_document", "parse_document", "shown", "validate"]
