"""A notebook: a training in the cells of a kernel, which is a process of its own."""

import json
import os
import sys

from jupyter_client.manager import start_new_kernel

CELLS = (
    "from common import data, net, tell, torch",
    "model = net(); optimizer = torch.optim.SGD(model.parameters(), lr=0.02); steps = 0",
    """for x, y in torch.utils.data.DataLoader(data(), batch_size=4):
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
    steps += 1""",
    "steps, 1 / 0",
    "tell(model, source='torch', steps=steps, lr=0.02)",
)
manager, client = start_new_kernel(kernel_name="python3")
seen = []


def hook(message):
    content = message["content"]
    if message["msg_type"] == "stream" and content["name"] == "stdout":
        seen.append(content["text"])
    elif message["msg_type"] == "error":
        seen.append("%s: %s\n%s\n" % (content["ename"], content["evalue"], len(content["traceback"])))


try:
    for cell in CELLS:
        client.execute_interactive(cell, timeout=240, output_hook=hook)
finally:
    client.stop_channels()
    manager.shutdown_kernel()
sys.stdout.write("".join(seen))
assert json.loads("".join(seen).splitlines()[-1])["steps"] == 16, os.getcwd()
