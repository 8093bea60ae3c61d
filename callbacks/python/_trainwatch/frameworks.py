"""What is done when a program has imported one of the frameworks.

sitecustomize calls `loaded` with a module that has just been read to its end,
one of those below. Nothing is imported that the program has not.
"""

import sys


def _optimizer(module):
    from . import optimizer

    optimizer.install()


def _loader(module):
    from . import loader

    loader.install(module)


def _compiler(module):
    from . import compiling

    compiling.install(module)


def _transformers(module):
    from . import transformers

    transformers.install(module)


def _lightning(module):
    from . import lightning

    lightning.install(module)


def _keras(module):
    from . import keras

    keras.install(module)


def _processes(module):
    from . import processes

    processes.install(module)


_INSTALL = {
    "multiprocessing.process": _processes,
    "torch.optim.optimizer": _optimizer,
    "torch.compiler": _optimizer,  # it needs both
    "torch.utils.data.dataloader": _loader,
    "torch._dynamo.callback": _compiler,
    "transformers.trainer": _transformers,
    "lightning.pytorch.trainer.connectors.callback_connector": _lightning,
    "pytorch_lightning.trainer.connectors.callback_connector": _lightning,
    "keras.src.callbacks.callback_list": _keras,
}


def loaded(name):
    """Take notice of a module of that name. Never raises."""
    try:
        module = sys.modules.get(name)
        if module is not None:
            _INSTALL[name](module)
    except Exception:
        pass
