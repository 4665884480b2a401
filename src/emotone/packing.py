"""Arrays as text, for JSON."""

import base64

import numpy as np
from numpy.typing import NDArray


def pack(values: NDArray[np.float32]) -> str:
    """Base64 of little-endian float32, whatever the shape."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def unpack(text: str) -> NDArray[np.float32]:
    """What was packed, `(values,)`. Raises `ValueError` or `TypeError` when it is something else."""
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4")
