"""Run trials: find those that are missing, spread them over the machine, and store them.

plan         missing trials in blocks, and an estimate of how long they take
pool         the workers, and all blocks of a plan through them
worker       one block in one worker: train it and write its records
shared_data  prepared data that all workers map into memory, in a locked folder
progress     progress and failed trials, as the user sees them
running      a note in the store of the sweep that is running
provenance   code, packages and machine, for the records
"""
