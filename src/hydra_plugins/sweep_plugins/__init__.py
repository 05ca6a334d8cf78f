"""What sweep adds to Hydra: where experiments are found, a sweeper that checks first, one shared pool."""
