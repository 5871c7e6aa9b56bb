"""What would SCALE-Sim 3.0.0 report? Its compute, bandwidth and access reports, without simulating every cycle."""
