"""Running trials: which are missing, spread over the machine, and kept as records."""
