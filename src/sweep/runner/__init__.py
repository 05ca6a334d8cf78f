"""Running trials: which of them are missing, how they are spread over the machine, and how they are stored.

`plan` says which blocks to train and `cost` how long they take; `pool` runs them and `worker` is one of its
processes. `shared_data` is the data that all workers read, in a `held_folder`; `fractions` and `progress`
show how far the workers are, `running` shows others that they train, and `provenance` says what code and
machine they are.
"""
