"""Plain torch: trains a small network, or keeps a GPU at a known load.

train STEPS        steps of a transformer's size; prints seconds per step
duty PERCENT S     kernels for PERCENT of each 200 ms, for S seconds
hold GIB S         holds so much memory for S seconds
churn S            allocates and frees for S seconds

The last line of stdout is JSON.
"""

import json
import statistics
import sys
import time

import torch


def facts():
    free, total = torch.cuda.mem_get_info()
    return {
        "sm_count": torch.cuda.get_device_properties(0).multi_processor_count,
        "reserved_bytes": torch.cuda.memory_reserved(),
        "device_used_bytes": total - free,
        "torch": torch.__version__,
    }


def train(steps):
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(1024, 16, 4096, batch_first=True)
    model = torch.nn.TransformerEncoder(layer, 8).cuda().to(torch.bfloat16)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    data = torch.randn(16, 512, 1024, device="cuda", dtype=torch.bfloat16)
    times = []
    for step in range(steps + 10):
        began = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = model(data).float().square().mean()
        loss.backward()
        optimizer.step()
        torch.cuda.synchronize()
        if step >= 10:
            times.append(time.perf_counter() - began)
    return {"step_s": statistics.median(times), "total_s": sum(times)}


def duty(percent, seconds):
    a = torch.randn(4096, 4096, device="cuda")
    busy = 0.2 * percent / 100
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        while time.perf_counter() - began < busy:
            torch.mm(a, a)
            torch.cuda.synchronize()
        time.sleep(max(0, 0.2 - (time.perf_counter() - began)))
    return {"duty_pct": percent}


def hold(gib, seconds):
    kept = torch.empty(int(gib * 2**30), dtype=torch.uint8, device="cuda")
    kept.fill_(1)
    torch.cuda.synchronize()
    time.sleep(seconds)
    return {"held_bytes": kept.numel()}


def churn(seconds):
    end = time.perf_counter() + seconds
    rounds = 0
    while time.perf_counter() < end:
        torch.empty(2**28, dtype=torch.uint8, device="cuda")
        torch.cuda.empty_cache()
        rounds += 1
    return {"rounds": rounds}


def main():
    what, args = sys.argv[1], [float(a) for a in sys.argv[2:]]
    does = {"train": lambda steps: train(int(steps)), "duty": duty, "hold": hold, "churn": churn}[what]
    result = does(*args)
    result.update(facts())
    print(json.dumps(result))


if __name__ == "__main__":
    main()
