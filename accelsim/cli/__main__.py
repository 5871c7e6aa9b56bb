"""What does ``python -m accelsim.cli`` do? The same as ``accelsim``."""

from accelsim.cli import main

main()
