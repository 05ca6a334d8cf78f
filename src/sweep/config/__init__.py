"""What a user can set: the schema, its checks, grids, and the identity of a cell."""
