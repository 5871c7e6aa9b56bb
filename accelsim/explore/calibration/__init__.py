"""Which costs and rates fit what was measured? Least squares, and a profile fitted to a user's measurements."""
