"""The store of finished trials: the format of a record, and everything that reads and writes it.

    schema   the columns of a record, its version, and the digest that seals a file
    layout   the paths of a store, and the folder of a cell: its files by name
    write    write one record, whole or not at all
    read     read records as Arrow tables, checked; skip other files
    load     records as tidy pandas tables: `load`, `load_curves` and others
    state    the cells of a store for plans and overviews, and the trials that failed
    upkeep   compact a cell's records into one file, pack many into one, remove what is named

Import the modules themselves: writing a record does not need pandas, which takes long to load.
"""
