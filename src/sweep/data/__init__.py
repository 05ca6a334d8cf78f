"""Data sets: read, generated or registered, and prepared for training."""
