"""Make the page that a vector's list of calls describes, on stdout.

Arguments: the directory of trainwatch's Python sources, the vector.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from _trainwatch import loop, page  # noqa: E402

with open(sys.argv[2]) as file:
    vector = json.load(file)

memory, now, base = bytearray(1 << 20), 0, vector["base_monotonic_ns"]
header = page.header(
    vector["pid"],
    vector["start_time"],
    base,
    vector["base_unix_ns"],
    (vector["rank"], vector["world_size"], vector["local_rank"]),
    vector["source"],
    vector["runtime_version"],
)
memory[: len(header)] = header
writer = loop.loop(lambda: (memory, base), lambda: base + now)
writer.start()
for op in vector["ops"]:
    now, name = op["t"], op["op"]
    if name == "begin":
        writer.begin(op.get("steps", 0), op.get("epochs", 0))
    elif name == "step":
        if op.get("step"):
            writer.at(op["step"])
        writer.step(op.get("loss"), op.get("lr"), op.get("grad_norm"), op.get("tokens"))
    elif name == "epoch_begin":
        writer.epoch_begin(op.get("n", -1))
    elif name == "epoch":
        writer.epoch(op.get("n", -1))
    elif name == "phase_begin":
        writer.phase_begin(op["phase"])
    elif name == "phase_end":
        writer.phase_end()
    elif name == "memory":
        figures = ("allocated", "reserved", "peak", "retries", "ooms")
        writer.memory(*(op.get(figure, -1) for figure in figures))
    elif name == "end":
        writer.end()
    else:
        sys.exit("unknown call " + name)
sys.stdout.buffer.write(memory)
