"""What does quantizing lose? Error of formats, sensitivity of layers, the best bits per layer, training."""
