"""Which devices TensorFlow sees."""

from __future__ import annotations

import tensorflow as tf


def devices() -> list[str]:
    """The names of all devices: CPU:0, GPU:0 …"""
    return [device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices()]
