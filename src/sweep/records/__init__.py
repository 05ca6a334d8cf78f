"""What a finished trial leaves behind: its format, and all that reads and writes it.

    schema    the columns of a record, its version, the names of parts and metrics
    store     where records lie, which are there
    footer    the digest that seals a file, and a copy of the trial's row that is quick to read
    write     one record, whole or not at all
    read      records as Arrow tables, checked; the few facts that a plan needs of one
    table     records as tidy pandas tables: `load`, `load_curves` and others
    failures  trials without a record, and why
    pack      many records in one compact file

Import the modules themselves: writing a record does not need pandas, which takes long to load.
"""
