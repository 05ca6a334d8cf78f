"""The settings of a sweep: schema, composition, checks, grids, and the identity of a cell."""
