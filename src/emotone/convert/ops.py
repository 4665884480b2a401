"""Small pieces of ONNX graphs, as spox variables."""

import numpy as np
import spox.opset.ai.onnx.v23 as op
from spox import Var


def integer(value: int) -> Var:
    """An int64 scalar."""
    return op.const(np.int64(value))


def integers(*values: int) -> Var:
    """An int64 vector, such as axes."""
    return op.const(np.array(values, np.int64))


def number(value: float) -> Var:
    """A float32 scalar."""
    return op.const(np.float32(value))


def vector(value: Var) -> Var:
    """A scalar as a vector of one."""
    return op.reshape(value, integers(1))


def size_of(value: Var, axis: int) -> Var:
    """The length of one axis: an int64 scalar."""
    return op.squeeze(op.shape(value, start=axis, end=axis + 1), integers(0))


def count_to(size: Var) -> Var:
    """0, 1, …, size - 1."""
    return op.range(integer(0), size, integer(1))


def divided_up(value: Var, divisor: Var) -> Var:
    """Integer division, rounded up."""
    return op.div(op.add(value, op.sub(divisor, integer(1))), divisor)


def first(value: Var, count: Var) -> Var:
    """The first `count` rows along axis 0."""
    return op.slice(value, integers(0), vector(count), integers(0))


def padded(value: Var, count: Var) -> Var:
    """`value` with zeros behind it along axis 0, so that it has `count` rows; unchanged when it has more. One or two axes."""
    missing = op.max([op.sub(count, size_of(value, 0)), integer(0)])
    rank = len(value.unwrap_tensor().shape or ())
    pads = [integers(*[0] * rank), vector(missing), *([integers(*[0] * (rank - 1))] if rank > 1 else [])]
    return op.pad(value, op.concat(pads, axis=0))
