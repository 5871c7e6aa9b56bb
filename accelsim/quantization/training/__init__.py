"""What does quantizing cost in accuracy? Small networks, trained and measured here on handwritten digits."""
