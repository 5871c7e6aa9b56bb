"""What does ``python -m accelsim`` do? The same as ``accelsim``."""

from accelsim.cli import main

main()
