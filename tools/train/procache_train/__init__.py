"""Training of the models that ship with ProCache for ONNX Runtime. Entry point: `python -m procache_train`."""
