"""The devices that TensorFlow sees."""

from __future__ import annotations

import os

import tensorflow as tf


def device_names() -> list[str]:
    """Returns the names of all devices: CPU:0, GPU:0 …"""
    return [device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices()]


def has_gpu() -> bool:
    """Whether there is a GPU that TensorFlow uses."""
    return bool(tf.config.get_visible_devices("GPU"))


def has_cudnn() -> bool:
    """Whether there is a GPU of NVIDIA, with cuDNN. Other builds of TensorFlow reach GPUs of other makers."""
    return has_gpu() and bool(tf.sysconfig.get_build_info()["is_cuda_build"])


def num_cores() -> int:
    """Returns how many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
