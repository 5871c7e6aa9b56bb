"""Which model do the tests of costs use? Three small layers, with multiplies and vector operations."""

from __future__ import annotations

from pathlib import Path

import accelsim as sim

NETWORK = sim.load_workload(str(Path(__file__).parent / "data" / "costed.yaml"))
