"""Which rank of a distributed training this process is, as far as it knows.

A hint: trainwatch decides from the launcher's variables itself. But ranks that
a program hands to its own children (torch.multiprocessing.spawn) only the
children see.
"""

import os
import sys

UNKNOWN = -1

# Rank, world size, local rank.
_FAMILIES = (
    ("RANK", "WORLD_SIZE", "LOCAL_RANK"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
    ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_LOCAL_RANK"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"),
)
_DIGITS = 8


def _number(name):
    text = os.environ.get(name, "").strip()
    if len(text) <= _DIGITS and text.isascii() and text.isdigit():
        return int(text)
    return UNKNOWN


def ranks():
    """Return (rank, world size, local rank), -1 for what is not known.

    Families that contradict each other say nothing: one of them was left over
    from an outer launcher, and which one cannot be told from here.
    """
    found = set()
    for family in _FAMILIES:
        rank, world, local = (_number(name) for name in family)
        # A batch script has SLURM_PROCID=0 too: a world of one is no world.
        if 0 <= rank < world and (world > 1 or family[0] == "RANK"):
            found.add((rank, world, local))
    if len({answer[:2] for answer in found}) == 1:
        env = max(found, key=lambda answer: answer[2])
    else:
        env = (UNKNOWN, UNKNOWN, UNKNOWN)
    told = _number("TRAINWATCH_RANK")
    if told >= 0:
        return told, env[1] if told < env[1] else UNKNOWN, env[2]
    # Set up by the program itself, and so the last word but the user's. These calls only
    # read: no communication, no device.
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None:
        try:
            if distributed.is_available() and distributed.is_initialized():
                return distributed.get_rank(), distributed.get_world_size(), env[2]
        except Exception:
            pass
    return env
