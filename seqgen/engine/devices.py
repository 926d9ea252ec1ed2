"""Which devices TensorFlow sees."""

from __future__ import annotations

import tensorflow as tf


def devices() -> list[str]:
    """The names of all devices: CPU:0, GPU:0 …"""
    return [device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices()]


def has_gpu() -> bool:
    """Whether there is a GPU that TensorFlow is to use."""
    return bool(tf.config.get_visible_devices("GPU"))


def has_cudnn() -> bool:
    """Whether that GPU is NVIDIA's, with cuDNN: those of other makers are reached by other builds of TensorFlow."""
    return has_gpu() and bool(tf.sysconfig.get_build_info()["is_cuda_build"])
