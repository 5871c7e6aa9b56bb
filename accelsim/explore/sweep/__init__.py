"""What does a model cost over many designs? Axes in, one row per point out."""
