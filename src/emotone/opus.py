"""Opus packets become samples, one by one, as they come from a microphone or a call: without the file around them."""

from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from .errors import InvalidSamplesError

RATE = 48_000
"""What Opus decodes to, whatever was encoded, in Hz."""

MAX_CHANNELS = 2
_LAYOUTS = {1: "mono", 2: "stereo"}


class OpusPackets:
    """Decodes the packets of one Opus stream.

    Args:
        channels: 1 or 2.
        pre_skip: Samples at the beginning that belong to the encoder, not to the sound, as the header of a file says.
    """

    def __init__(self, channels: int, pre_skip: int = 0) -> None:
        self._context: Any = av.CodecContext.create("opus", "r")
        self._context.sample_rate = RATE
        self._context.layout = _LAYOUTS[channels]
        self._channels = channels
        self._skip = pre_skip

    def decode(self, packet: bytes) -> NDArray[np.float32]:
        """The samples of the next packet: `(samples, channels)`, 48 kHz.

        Raises:
            InvalidSamplesError: When it is no Opus packet.
        """
        try:
            if not packet:  # FFmpeg would take that for the end
                raise ValueError("empty")
            frames = [frame.to_ndarray() for frame in self._context.decode(av.Packet(packet))]
        except (av.error.FFmpegError, ValueError) as error:
            raise InvalidSamplesError(
                f"Found {len(packet)} bytes that are no Opus packet. Send one packet in each message, without a container.",
                f"收到的 {len(packet)} 字节不是 Opus 数据包。每条消息请只发送一个数据包，不带容器。",
            ) from error
        samples = np.concatenate([np.empty((self._channels, 0), np.float32), *frames], axis=1)[:, self._skip :]
        self._skip -= min(self._skip, sum(frame.shape[1] for frame in frames))
        return np.ascontiguousarray(samples.T)
