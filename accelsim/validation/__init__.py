"""Is it true? Published measurements, what accelsim predicts of them, and bounds set before comparing."""
