"""Which network is a PyTorch module? Exported without data, operator by operator, with the modules' paths as names."""
