"""What a model says of itself, in numbers and flags.

Sizes are at hand without a look at the parameters' values. The name is the
one that its configuration was loaded by; a reader lets out only public ones.
"""

import sys

_MODULES = 64  # within one another, outermost first, where an adapter is looked for

_WORDS = {
    "float64": "fp64",
    "float32": "fp32",
    "float16": "fp16",
    "bfloat16": "bf16",
    "float8_e4m3fn": "fp8",
    "float8_e5m2": "fp8",
}
_QUANTISED = ("Params4bit", "Int8Params")  # bitsandbytes'


def _number(parameter):
    """Return how many parameters one stands for, wherever they lie."""
    spread = getattr(parameter, "ds_numel", None)  # DeepSpeed's third stage keeps none here
    if type(spread) is int:
        return spread
    if type(parameter).__name__ == "Params4bit":  # two in each byte of what holds them
        return parameter.numel() * 2 * parameter.element_size()
    return parameter.numel()


def _sizes(model):
    total = trained = 0
    precision = None
    for parameter in model.parameters():
        number = _number(parameter)
        total += number
        if parameter.requires_grad:
            trained += number
        if precision is None:
            precision = _WORDS.get(str(parameter.dtype).rpartition(".")[2])
    return {
        "parameter_count": total,
        "trainable_parameter_count": trained,
        "precision": precision,
    }


def _configured(model):
    """Return peft's configurations by name, of the model or one within it."""
    if "peft" in sys.modules:
        for module, _ in zip(model.modules(), range(_MODULES)):
            configured = getattr(module, "peft_config", None)
            if type(configured) is dict and configured:
                return configured
    return {}


def _quantised(model):
    flags = (getattr(model, name, False) for name in ("is_loaded_in_4bit", "is_loaded_in_8bit"))
    return any(flags) or any(type(p).__name__ in _QUANTISED for p in model.parameters())


def _adapters(model):
    ranks = [getattr(config, "r", None) for config in _configured(model).values()]
    ranks = [rank for rank in ranks if type(rank) is int]
    quantised = bool(ranks) and _quantised(model)
    return {
        "lora": bool(ranks),
        "qlora": quantised,
        "lora_rank": ranks[0] if ranks else None,
    }


def describe(model):
    """Return settings by name; nothing of a model that cannot be asked."""
    values = {}
    for ask in (_sizes, _adapters):
        try:
            values.update(ask(model))
        except Exception:
            pass
    try:
        name = model.config._name_or_path
        values["model"] = name if type(name) is str else None
    except Exception:
        pass
    return values
