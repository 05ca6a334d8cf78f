"""Training a block of seeds: from a configuration and prepared data to one result a seed."""
