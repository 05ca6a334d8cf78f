"""What a finished trial leaves behind: its format, and all that reads and writes it.

    schema       the columns of a record, its version, the names of parts and metrics
    store        where records lie, what each file of a store is
    footer       the digest that seals a file, and a copy of the trial's row that is quick to read
    write        one record, whole or not at all
    record_file  one file of records as an Arrow table, checked
    read         the records of cells as Arrow tables; what is no record is left out, and said once
    survey       which trials are stored, as a plan must know it
    overview     what a store holds at a glance, without reading all of it
    removal      cells, failures, damaged and temporary files, removed on request
    table        records as tidy pandas tables: `load`, `load_curves` and others
    failures     trials without a record, and why
    compact      many records of a cell in one file of the store
    pack         many records in one file, such as the one beside a report

Import the modules themselves: writing a record does not need pandas, which takes long to load.
"""
