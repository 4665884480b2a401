"""Whether a media file holds as much as it announces: a cut copy is analysed up to the cut, and says so."""

import os
from typing import BinaryIO, TypeAlias

import av
import av.container

# Where FFmpeg takes the duration from the header; elsewhere it may estimate it.
_DURATION_IN_HEADER = {"aiff", "asf", "au", "caf", "flac", "mov", "w64"}
_TRUNCATION_SLACK = 0.25  # seconds; encoder delay and padding stay below it
_UNKNOWN_WAV_BYTES = 0x7FFF_0000  # live recorders write 0 or the most that fits, as they cannot know
_OGG_PAGE_BYTES = 27 + 255 + 255 * 255  # the largest possible
_MP3_FRAME_BYTES = 2881  # the largest possible
_XING_OFFSET = 36  # bytes of an MP3 frame before its Xing tag: never more

Container: TypeAlias = av.container.InputContainer
Packet: TypeAlias = "av.Packet[av.AudioStream]"  # in quotes: only type checkers know the brackets


def holds_less(container: Container, file: BinaryIO, first: "Packet | None", reached: float) -> tuple[bool, bool]:
    """Whether the end of a file is missing, and whether something before its end is, as far as that can be told.

    Args:
        container: The file as FFmpeg sees it, read to its end.
        file: The same file.
        first: Its first packet of audio.
        reached: The time that its last packet reached, in seconds.
    """
    names, size = container_names(container), _file_size(file)
    announced = ((container.duration or 0) + (container.start_time or 0)) / av.time_base
    too_early = reached < announced - _TRUNCATION_SLACK
    if names & _DURATION_IN_HEADER:
        return too_early, False
    if "matroska" in names:
        wanted = _matroska_size(file)
        return size < wanted, 0 < wanted <= size and too_early
    if "ogg" in names:
        return not _has_last_page(file), False
    if first is not None and first.pos and "wav" in names:
        return size < first.pos + _wav_data_size(file, first.pos), False
    if first is not None and first.pos and "mp3" in names:
        return size < _mp3_end(file, first.pos), False
    return False, False


def _file_size(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)


def _bytes_before(file: BinaryIO, end: int, count: int) -> bytes:
    start = max(0, end - count)
    file.seek(start)
    return file.read(end - start)


def _wav_data_size(file: BinaryIO, start: int) -> int:
    """The size that a WAV announces for the data that begins at `start`; 0 when it does not know."""
    header = _bytes_before(file, start, 8)
    size = int.from_bytes(header[4:], "little")
    return size if header[:4] == b"data" and size < _UNKNOWN_WAV_BYTES else 0


def _matroska_size(file: BinaryIO) -> int:
    """The size that a Matroska or WebM file announces for itself; 0 when it does not know."""
    file.seek(0)
    head = file.read(64)
    segment = head.find(b"\x18\x53\x80\x67") + 4
    if segment < 4 or segment >= len(head) or not head[segment]:
        return 0
    width = 9 - head[segment].bit_length()  # leading zeros tell how many bytes the number has
    largest = 2 ** (7 * width) - 1  # the mark of a live recording
    size = int.from_bytes(head[segment : segment + width], "big") & largest
    return segment + width + size if size < largest else 0


def _has_last_page(file: BinaryIO) -> bool:
    """Whether an Ogg file ends with a complete page that is marked as the last one."""
    tail = _bytes_before(file, _file_size(file), _OGG_PAGE_BYTES)
    page = tail[max(0, tail.rfind(b"OggS")) :]
    segments = page[27 : 27 + page[26]] if len(page) > 27 else b""
    return bool(segments) and bool(page[5] & 4) and len(page) >= 27 + len(segments) + sum(segments)


def _mp3_end(file: BinaryIO, start: int) -> int:
    """Where an MP3 ends by the Xing (or Info) frame before its audio, which begins at `start`; 0 without one."""
    head = _bytes_before(file, start, _MP3_FRAME_BYTES)
    tag = max(head.rfind(b"Xing"), head.rfind(b"Info"))
    flags = head[tag + 7] if 0 <= tag < len(head) - 16 else 0
    if not flags & 2:
        return 0
    place = tag + (12 if flags & 1 else 8)  # behind the number of frames, if that is there
    frame = start - len(head) + tag - _XING_OFFSET
    return frame + int.from_bytes(head[place : place + 4], "big")


def container_names(container: Container) -> set[str]:
    """FFmpeg's names for the format."""
    return set(container.format.name.split(","))
