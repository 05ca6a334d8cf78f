"""What others call our settings, so that a wrong name is answered with the right one."""

from collections.abc import Sequence

from sweep.errors import nearest

# Our name, and the names that other libraries have for it.
_ELSEWHERE = {
    "learning_rate": "lr rate eta step_size stepsize alpha",
    "batch_size": "batch bs minibatch mini_batch batchsize",
    "hidden": "neurons units width nodes hidden_size hidden_units hidden_sizes hidden_layer_sizes n_hidden",
    "depth": "layers n_layers num_layers hidden_layers",
    "activation": "act nonlinearity activation_function",
    "output": "output_activation head",
    "loss": "objective criterion cost",
    "optimizer": "opt optim solver",
    "epochs": "epoch n_epochs num_epochs nb_epoch",
    "max_iterations": "iterations iters steps max_iter max_steps n_iter",
    "budget": "max_seeds most_seeds",
    "seeds": "seed n_seeds num_seeds random_state runs repetitions repeats trials",
    "data": "dataset data_set",
    "data.train_size": "n_train train_examples",
    "data.test_size": "n_test test_examples",
    "data.validation_size": "val_size n_validation validation_fraction validation_split",
    "data.normalization": "normalize normalise norm scaling scaler",
    "regularization": "reg penalty regularizer",
    "regularization.strength": "lambda reg_lambda",
    "regularization=l1 with regularization.strength": "l1 lasso",
    "regularization=l2 with regularization.strength": "l2 ridge wd weight_decay weight_penalty",
    "optimizer=nesterov with momentum": "nesterov nag",
    "optimizer.decay": "rho",
    "schedule.warmup": "warm_up warmup_epochs",
    "schedule": "scheduler lr_schedule lr_scheduler decay lr_decay learning_rate_decay",
    "initializer": "init weight_init initialization initialisation",
    "early_stopping.patience": "early_stop n_iter_no_change",
    "optimizer.beta1": "beta beta_1 betas",
    "optimizer.beta2": "beta_2",
    "optimizer.epsilon": "eps",
    "parallel.n_jobs": "jobs workers n_workers num_workers cores threads n_threads processes",
    "parallel.kernels": "engine",
    "precision": "dtype float",
    "results": "store records",
    "figures": "plot plots",
}
ALIASES = {alias: ours for ours, aliases in _ELSEWHERE.items() for alias in aliases.split()}

# The answer for what this package does not have, and the names that it has elsewhere.
_ABSENT = {
    "there is no dropout; regularization=l1 or regularization=l2 is what there is": "dropout dropout_rate",
    "there is no normalization between layers; data.normalization scales the inputs": (
        "batch_norm batchnorm layer_norm layernorm"
    ),
    "networks are trained on the processor alone": "gpu device cuda",
    "gradients are not clipped": "clip grad_clip clip_norm gradient_clipping",
    "examples are always shuffled; vary=[order] does so anew for each seed": "shuffle",
    "images are not augmented": "augment augmentation augmentations",
}
_MISSING = {alias: line for line, aliases in _ABSENT.items() for alias in aliases.split()}


def suggestion(key: str, keys: Sequence[str]) -> str:
    """The clause after "no such setting": the setting that was meant, or why there is none, or nothing.

    `keys` are the dotted names of all settings.
    """
    if key in keys:
        return ""
    name = key.rpartition(".")[2].lower().replace("-", "_")
    if name in _MISSING:
        return f"; {_MISSING[name]}"
    inner = [own for own in keys if own.rpartition(".")[2] == name and own != name]
    if name in ALIASES:
        return f"; did you mean {ALIASES[name]!r}?"
    if len(inner) == 1:
        return f"; did you mean {inner[0]!r}?"
    return nearest(key, keys)
