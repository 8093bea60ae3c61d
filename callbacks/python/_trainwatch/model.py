"""What a model says of itself, in numbers and flags.

Sizes are at hand without a look at the parameters' values. The name is the
one that its configuration was loaded by; a reader lets out only public ones.
"""

_WORDS = {
    "float64": "fp64",
    "float32": "fp32",
    "float16": "fp16",
    "bfloat16": "bf16",
    "float8_e4m3fn": "fp8",
    "float8_e5m2": "fp8",
}


def _sizes(model):
    total = trained = 0
    precision = None
    for parameter in model.parameters():
        number = parameter.numel()
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


def _adapters(model):
    configured = getattr(model, "peft_config", None)
    if type(configured) is not dict or not configured:
        return {"lora": False}
    ranks = [getattr(config, "r", None) for config in configured.values()]
    ranks = [rank for rank in ranks if type(rank) is int]
    quantised = bool(
        getattr(model, "is_loaded_in_4bit", False) or getattr(model, "is_loaded_in_8bit", False)
    )
    return {
        "lora": bool(ranks),
        "qlora": bool(ranks) and quantised,
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
