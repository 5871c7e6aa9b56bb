"""What does a network answer with its own values, and what with some of them changed? ONNX graphs and torch modules."""
