"""Keras 3's fit, on torch, with a validation after each epoch."""

import os

os.environ["KERAS_BACKEND"] = "torch"
import keras  # noqa: E402
from common import tell, torch  # noqa: E402

keras.utils.set_random_seed(5)
model = keras.Sequential([keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
x = torch.randn(64, 8).numpy()
y = x.sum(1, keepdims=True)
last = {}
each = keras.callbacks.LambdaCallback(on_train_batch_end=lambda _, logs: last.update(logs))
history = model.fit(
    x, y, batch_size=4, epochs=3, validation_data=(x, y), verbose=0, callbacks=[each]
)
print(history.history["loss"])


class Weights:
    """What digest wants of a model."""

    @staticmethod
    def state_dict():
        return {w.path: w.value.detach().cpu() for w in model.weights}


tell(Weights, source="keras", steps=48, epochs=3, loss=float(last["loss"]))
