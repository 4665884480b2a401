"""The encoder elsewhere: replicas of a model under Ray Serve, more of them while there is more to do."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from .engine import Engine, Runner
from .errors import EmotoneError, ModelError, OptionError
from .models import find_model
from .nodes import connected
from .recognizer import Recognizer
from .types import Signal

ONGOING = 2  # runs that a replica is given at a time: one is computed while the next arrives
ATTEMPTS = 3  # a run whose replica was lost is given to another: it changes nothing
_PACE = {  # of growing and shrinking: a replica is there in seconds, and somebody waits
    "target_ongoing_requests": 1,
    "look_back_period_s": 12,  # load is told every 10 s
    "upscale_delay_s": 2,
    "downscale_delay_s": 60,
}

_Frames = NDArray[np.float32]


@contextmanager
def replicated(recognizer: Recognizer, model: str | Path, most: int) -> Iterator[Recognizer]:
    """The same recognizer, whose encoder runs in replicas under Ray Serve: each on one core, one at least.

    The cluster is the one that this process is connected to, else the one in the environment variable RAY_ADDRESS, else one
    on this machine, which is started and ended with it. Enter this in a thread that lives as long: the cluster ends with it.

    Args:
        recognizer: The model, loaded here; it decodes, finds speech and applies heads.
        model: Its name, or a path that all machines of the cluster know.
        most: Replicas while there is much to do.

    Raises:
        MissingExtraError: When Ray is not installed.
        ModelError: When the replicas cannot load the model.
        OptionError: When `most` is not positive, or there is no such cluster.
    """
    if most < 1:
        raise OptionError(f"Found {most} replicas; wanted at least 1.", f"副本数为 {most}；至少需要 1 个。")
    application = f"emotone-{uuid4().hex[:8]}"  # others may be served in the same cluster
    with connected():
        from ray import serve  # noqa: PLC0415 - heavy

        serve.start(proxy_location="Disabled")
        replicas = serve.deployment(
            _Replica,
            ray_actor_options={"num_cpus": 1},
            max_ongoing_requests=ONGOING,
            max_constructor_retry_count=1,
            autoscaling_config={"min_replicas": 1, "max_replicas": most, **_PACE},
            logging_config={"log_level": "WARNING", "enable_access_log": False},
        )
        try:
            handle = _run(serve, replicas.bind(str(model)), application, model)
            yield Recognizer(RemoteEngine(handle), recognizer.head, recognizer.info)
        finally:
            serve.delete(application)


def _run(serve: Any, replicas: Any, application: str, model: str | Path) -> Any:
    """What reaches the replicas, when the first one is there."""
    try:
        return serve.run(replicas, name=application, route_prefix=None)
    except RuntimeError as error:  # what Ray Serve says of a deployment that does not come up
        raise ModelError(
            f"The replicas of '{model}' do not start ({error}). See that the cluster has the file and Emotone.",
            f"“{model}”的副本无法启动（{error}）。请确认集群中有该文件并已安装 Emotone。",
        ) from error


class RemoteEngine(Runner):
    """An engine whose runs are done by replicas.

    Attributes:
        replicas: Names of those that did runs of this engine.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._found: set[str] = set()

    @property
    def replicas(self) -> tuple[str, ...]:
        """Who did the runs so far."""
        return tuple(sorted(self._found))

    def assigned(self) -> "RemoteEngine":
        """An engine for one recording, which remembers who listened to that."""
        return RemoteEngine(self._handle)

    def run(self, signals: list[Signal]) -> list[_Frames]:
        """As `Engine.run`."""
        from ray.exceptions import RayActorError, RayTaskError  # noqa: PLC0415 - there when a replica is

        lost: RayActorError | None = None
        for _ in range(ATTEMPTS):
            try:
                name, frames = self._handle.run.remote(signals).result()
            except RayActorError as error:
                lost = error
            except RayTaskError as error:
                if isinstance(error.cause, EmotoneError):
                    raise error.cause from error
                raise
            else:
                self._found.add(name)
                found: list[_Frames] = frames
                return found
        raise ModelError(
            f"Replicas were lost {ATTEMPTS} times in a row ({lost}). Look into Ray's log for why they end.",
            f"副本连续 {ATTEMPTS} 次丢失（{lost}）。请在 Ray 日志中查看其终止原因。",
        ) from lost


class _Replica:
    """What runs in a process of its own, once for each replica."""

    def __init__(self, model: str) -> None:
        from ray import serve  # noqa: PLC0415

        self._engine = Engine(find_model(model), threads=1)
        self._name = serve.get_replica_context().replica_id.unique_id

    async def run(self, signals: list[Signal]) -> tuple[str, list[_Frames]]:
        return self._name, await asyncio.to_thread(self._engine.run, signals)
