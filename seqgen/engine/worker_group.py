"""A group of workers: processes, on one machine or on several, that train one model together.

Each worker has the same weights and reads streams of its own. At each step the workers add up their gradients, and then
each of them makes the same update. TensorFlow's `MultiWorkerMirroredStrategy` connects the processes. Its `run` would
need the whole step as one program, and a step here is several XLA programs. So the sums are the collective operations
that the strategy is made of, between these programs: a ring all-reduce (Patarasuk & Yuan 2009, *Bandwidth Optimal
All-reduce Algorithms for Clusters of Workstations*). It adds in the order of the ranks around the ring, so a repeated
run has the same bits, and all workers get the same ones.
"""

from __future__ import annotations

import functools
import signal
import socket
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from seqgen.errors import TrainingError

GROUP_KEY = 0x5E9
"""The number by which TensorFlow knows the group."""
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
"""What a client sends first, with empty settings (RFC 9113). A server of gRPC answers with its own settings."""
PROBE_SECONDS = 5.0
"""How long a worker has to answer when it is asked whether it still runs."""


class WorkerLost(TrainingError):
    """A worker has ended, hangs or cannot be reached, so the others cannot go on."""


class WorkerGroup:
    """The workers of a training, as one of them sees them. Rank 0 is the chief, which writes all files.

    A method that exchanges numbers waits until all workers have called it. Calls with different `purpose` do not mix.
    """

    def __init__(self, addresses: Sequence[str] = ("",), rank: int = 0) -> None:
        """`addresses` are "host:port" by rank. Without arguments, the group is this process alone."""
        self.addresses = tuple(addresses)
        self.rank = rank
        self.size = len(addresses)
        self._sum_numbers = tf.function(lambda numbers: self.sum("numbers", [numbers])[0], autograph=False)
        self._gather: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {}

    @property
    def is_chief(self) -> bool:
        """Whether this worker writes the files of the run."""
        return self.rank == 0

    def streams(self, batch_size: int) -> range:
        """Returns the streams of this worker, of `batch_size` in all. Raises TrainingError if the shares differ."""
        share, rest = divmod(batch_size, self.size)
        if rest:
            raise TrainingError(
                f"{batch_size} streams cannot be shared equally by {self.size} workers; choose a number of workers "
                "that divides batch_size."
            )
        return range(self.rank * share, (self.rank + 1) * share)

    def sum(self, purpose: str, tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns the sums over all workers of tensors of one type. They travel as one vector."""
        if self.size == 1:
            return list(tensors)
        vector = tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], 0)
        summed = tf.raw_ops.CollectiveReduceV2(
            input=vector, group_size=self.size, group_key=GROUP_KEY, instance_key=_instance_key(purpose, vector),
            ordering_token=[], merge_op="Add", final_op="Id",
        )  # fmt: skip
        parts = tf.split(summed, [tensor.shape.num_elements() for tensor in tensors])
        return [tf.reshape(part, tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]

    def sum_numbers(self, numbers: Sequence[float] | np.ndarray) -> np.ndarray:
        """Returns the sums float64[n] of n numbers over all workers. Raises WorkerLost."""
        if self.size == 1:
            return np.asarray(numbers, np.float64)
        with self.explain_loss():
            return np.asarray(self._sum_numbers(tf.constant(numbers, tf.float64)))

    def wait_for_all(self) -> None:
        """Waits until all workers have called this. TensorFlow fails in a worker if another one ends before."""
        self.sum_numbers([0.0])

    def gather(self, purpose: str, part: tf.Tensor, axis: int) -> tf.Tensor:
        """Returns the parts of all workers, by rank, joined along an axis. Raises WorkerLost."""
        if self.size == 1:
            return part
        if not part.shape.num_elements():
            return tf.concat([part] * self.size, axis)
        if purpose not in self._gather:
            gather = functools.partial(self._gather_tensor, purpose, axis)
            self._gather[purpose] = tf.function(gather, autograph=False)
        with self.explain_loss():
            return self._gather[purpose](part)

    def own_part(self, whole: tf.Tensor, axis: int) -> tf.Tensor:
        """Returns the part of this worker, as `gather` joins them."""
        return tf.split(whole, self.size, axis)[self.rank]

    @contextmanager
    def explain_loss(self) -> Iterator[None]:
        """Turns an error of TensorFlow into WorkerLost if a worker does not answer any more."""
        try:
            with _wait_for_others():
                yield
        except tf.errors.OpError as error:
            lost = [] if self.size == 1 else self.unreachable()
            if not lost:
                raise
            names = " and ".join(f"{rank} ({self.addresses[rank]})" for rank in lost)
            raise WorkerLost(
                f"Worker {names} has ended, hangs or cannot be reached, so the training stopped; start all workers "
                "again with --resume, and it goes on from the newest checkpoint."
            ) from error

    def unreachable(self) -> list[int]:
        """Returns the ranks of the workers that do not answer."""
        return [rank for rank, address in enumerate(self.addresses) if not _answers(address)]

    def _gather_tensor(self, purpose: str, axis: int, part: tf.Tensor) -> tf.Tensor:
        order = list(range(part.shape.rank))
        order[0], order[axis] = axis, 0
        part = tf.transpose(part, order)  # The operation joins along axis 0.
        joined = tf.raw_ops.CollectiveGatherV2(
            input=part, group_size=self.size, group_key=GROUP_KEY, instance_key=_instance_key(purpose, part),
            ordering_token=[],
        )  # fmt: skip
        joined.set_shape((self.size * part.shape[0], *part.shape[1:]))
        return tf.transpose(joined, order)


def connect(addresses: Sequence[str], rank: int) -> WorkerGroup:
    """Connects this process, as the worker of a rank, and waits until all others are there.

    Workers of one machine take one GPU each, if it has any.
    Raises TrainingError if this process has used TensorFlow before.
    """
    spec = tf.train.ClusterSpec({"worker": list(addresses)})
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        spec, task_type="worker", task_id=rank, rpc_layer="grpc"
    )
    if gpus := tf.config.list_physical_devices("GPU"):
        tf.config.set_visible_devices(gpus[local_rank(addresses, rank) % len(gpus)], "GPU")
    with _default_interrupt(), _wait_for_others():
        try:
            tf.distribute.MultiWorkerMirroredStrategy(resolver)
        except RuntimeError as error:
            raise TrainingError(
                "Workers must be connected before TensorFlow does anything else; train in a new process."
            ) from error
    return WorkerGroup(addresses, rank)


def _answers(address: str) -> bool:
    """Whether the server of TensorFlow at "host:port" answers. The system still connects to one that is stopped."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=PROBE_SECONDS) as connection:
            connection.sendall(HTTP2_PREFACE)
            return bool(connection.recv(1))
    except OSError:
        return False


def is_waiting() -> bool:
    """Whether this process takes part in an exchange with other workers, and so may have to wait for them."""
    return _waiting.is_set()


_waiting = threading.Event()


@contextmanager
def _wait_for_others() -> Iterator[None]:
    """Makes `is_waiting` true."""
    before = _waiting.is_set()
    _waiting.set()
    try:
        yield
    finally:
        if not before:
            _waiting.clear()


def local_rank(addresses: Sequence[str], rank: int) -> int:
    """Returns the number of a worker among those of its machine, from 0 on."""
    hosts = [address.rpartition(":")[0] for address in addresses]
    return hosts[:rank].count(hosts[rank])


@contextmanager
def _default_interrupt() -> Iterator[None]:
    """Lets Ctrl-C end the process while TensorFlow waits for others, where no Python code runs.

    Afterwards SIGTERM is handled as before. TensorFlow would ignore it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _instance_key(purpose: str, tensor: tf.Tensor) -> int:
    """Returns the number by which TensorFlow finds the same exchange in all workers."""
    return zlib.crc32(f"{purpose} {tensor.dtype.name} {tensor.shape}".encode()) >> 1
