"""Whether a file is one that an installed public distribution brought.

A distribution's RECORD lists its files with size and SHA-256. Read directly:
importlib.metadata would load half of the standard library into a dying program.
"""

import os

from . import library, place

_LIMIT = 6 << 20  # bytes of a RECORD; torch's has about two million
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

# Top-level packages whose code is public, and the distribution they come from
# where its name is another.
PACKAGES = {
    name: name
    for name in (
        "accelerate aiohttp apex bitsandbytes datasets deepspeed diffusers einops evaluate fairscale"
        " flash_attn flax fsspec gymnasium h5py haiku huggingface_hub jax jaxlib keras lightning"
        " lightning_fabric lightning_utilities matplotlib megatron mlflow numba numpy omegaconf"
        " optax optuna orbax pandas peft polars pyarrow pydantic pytorch_lightning ray requests"
        " safetensors scipy sentencepiece tensorboard tensorflow tiktoken timm tokenizers torch"
        " torchao torchaudio torchdata torchmetrics torchtext torchtune torchvision tqdm"
        " transformers triton trl urllib3 vllm wandb webdataset xformers"
    ).split()
}
PACKAGES.update(
    PIL="pillow", cv2="opencv_python", haiku="dm_haiku", hydra="hydra_core",
    megatron="megatron_core", orbax="orbax_checkpoint", sklearn="scikit_learn", yaml="pyyaml",
)  # fmt: skip


def _base64(digest):
    number = int.from_bytes(digest + b"\0", "big")
    return "".join(_BASE64[number >> shift & 63] for shift in range(258, 0, -6))


def _sha256(data):
    try:
        sha256 = library.load("_sha2").sha256  # from 3.12 on
    except ImportError:
        sha256 = library.load("_sha256").sha256
    return sha256(data).digest()


def digest(data):
    """Return data's SHA-256 as a RECORD has it."""
    return _base64(_sha256(data))


def short(data):
    """Return the first eight bytes of data's SHA-256 in hexadecimal digits."""
    return _sha256(data)[:8].hex()


def _is_of(entry, distribution):
    """Whether a directory is that of a distribution's metadata."""
    name, dash, _ = entry.partition("-")
    return dash and entry.endswith(".dist-info") and name.lower().replace(".", "_") == distribution


class Records:
    """The RECORDs seen while one report is made."""

    def __init__(self):
        self._read = {}

    def _of(self, site, package):
        key = (site, package)
        if key not in self._read:
            self._read[key] = b""
            for entry in os.listdir(site):
                if _is_of(entry, PACKAGES[package]):
                    path = os.path.join(site, entry, "RECORD")
                    self._read[key] = b"\n" + place.read(path, _LIMIT)
                    break
        return self._read[key]

    def brought(self, site, name, data):
        """Whether site/name with this content is a public distribution's."""
        package = name.partition("/")[0]
        if package not in PACKAGES:
            return False
        row = "\n%s,sha256=%s,%d" % (name, digest(data), len(data))
        found = self._of(site, package).find(row.encode("utf-8", "surrogateescape"))
        return found >= 0
