"""Over how many processes a training is spread, and in which way.

From what its objects say in public: the named dimensions of a device mesh, a
launcher's configuration, Megatron's groups, the number of processes. No other
process is asked. Whoever splits a model in a way of their own has no sizes here.
"""

import sys

_TENSOR = ("tp", "tensor", "tensor_parallel", "model")
_PIPELINE = ("pp", "pipe", "pipeline", "pipeline_parallel")
_DATA = ("dp", "data", "data_parallel", "ddp", "fsdp", "replicate", "shard", "dp_replicate", "dp_shard")
_PARAMETERS = 4096  # looked at for the mesh that they lie on


def _named(mesh):
    """Return a device mesh's dimensions, name to size."""
    names = getattr(mesh, "mesh_dim_names", None)
    return dict(zip(names, mesh.shape)) if names else {}


def of_parameters(parameters):
    """Return the dimensions of the largest mesh that parameters lie on."""
    found = {}
    for parameter, _ in zip(parameters, range(_PARAMETERS)):
        mesh = getattr(parameter, "device_mesh", None)  # of DTensors alone
        if mesh is not None:
            named = _named(mesh)
            found = named if len(named) > len(found) else found
    return found


def of_strategy(strategy):
    """Return the dimensions of the mesh that one of Lightning's strategies made."""
    return _named(getattr(strategy, "device_mesh", None))


def of_config(config):
    """Return the dimensions of accelerate's ParallelismConfig."""
    sizes = {name: getattr(config, name + "_size", None) for name in ("tp", "cp", "sp", "pp")}
    return {name: size for name, size in sizes.items() if type(size) is int and size > 0}


def _of_megatron():
    """Return the sizes of Megatron's groups, if it has made them."""
    state = sys.modules.get("megatron.core.parallel_state")
    if state is None or not state.model_parallel_is_initialized():
        return None
    return {
        "tensor_parallel_size": state.get_tensor_model_parallel_world_size(),
        "pipeline_parallel_size": state.get_pipeline_model_parallel_world_size(),
        "data_parallel_size": state.get_data_parallel_world_size(),
    }


def _world():
    """Return how many processes torch.distributed has joined, None for not at all."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None
    return distributed.get_world_size()


def _product(named, names):
    product = None
    for name, size in named.items():
        if name in names:
            product = size * (product or 1)
    return product


def sizes(named=None):
    """Return the settings by name; named are a mesh's dimensions, if known.

    What is split in no other way that is told works on data of its own.
    """
    try:
        told = _of_megatron()
        if told is not None:
            return told
        named, world = named or {}, _world()
        tensor, pipeline = _product(named, _TENSOR), _product(named, _PIPELINE)
        data = _product(named, _DATA)
        if data is None and world is not None:
            others = _product(named, named) or 1
            data = world // others if world % others == 0 else None
        return {
            "tensor_parallel_size": tensor,
            "pipeline_parallel_size": pipeline,
            "data_parallel_size": data,
        }
    except Exception:
        return {}
