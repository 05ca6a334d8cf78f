"""Data sets: reading them, generating them, and preparing them for training."""
