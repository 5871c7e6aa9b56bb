"""What does a language model cost over time? A prompt, and one pass for every token that it writes."""
