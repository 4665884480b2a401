"""Live streams over a real WebSocket: what is said, how it ends, and that nothing stays behind."""

import base64
import gc
import io
import json
import socket as sockets
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import av
import numpy as np
import pytest
from sending import Start  # noqa: F401
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

import emotone
from emotone import Recognizer, Stream, TimelineOptions
from emotone.baseline import baseline_fields
from emotone.server import Served
from emotone.types import SAMPLE_RATE

Messages = list[dict[str, Any]]
S16 = {"type": "start", "encoding": "s16", "sample_rate": SAMPLE_RATE}
