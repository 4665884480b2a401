"""Media files that are made to do harm, built byte by byte: small files that ask for memory, time or other files."""

import struct
import zlib
from collections.abc import Callable

from media import encode, speech, tone

SECOND = 16_000


def _table(polynomial: int, bits: int) -> list[int]:
    top, mask, table = 1 << (bits - 1), (1 << bits) - 1, []
    for value in range(256):
        value <<= bits - 8
        for _ in range(8):
            value = ((value << 1) ^ polynomial if value & top else value << 1) & mask
        table.append(value)
    return table


_CRC8, _CRC16, _CRC32 = _table(0x07, 8), _table(0x8005, 16), _table(0x04C11DB7, 32)


def _crc(data: bytes, table: list[int], bits: int) -> int:
    found, mask = 0, (1 << bits) - 1
    for byte in data:
        found = ((found << 8) & mask) ^ table[(found >> (bits - 8)) ^ byte]
    return found


# MOV and MP4


def atom(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + name + body


def mov(
    samples: int,
    *,
    size: int = 1,
    codec: bytes = b"sowt",
    edits: int = 0,
    reference: bytes = b"",
    extra: bytes = b"",
    data: bytes = bytes(1_000),
) -> bytes:
    """A MOV that says it has so many samples of one size, which takes 1.5 kB however many they are."""
    header = atom(b"mvhd", struct.pack(">IIIII", 0, 0, 0, SECOND, 10) + bytes(80))
    media = atom(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, SECOND, 10, 0, 0))
    handler = atom(b"hdlr", bytes(8) + b"soun" + bytes(13))
    entry = struct.pack(">I4s6xHHHIHHHHI", 36, codec, 1, 0, 0, 0, 1, 16, 0, 0, SECOND << 16)
    table = atom(
        b"stbl",
        atom(b"stsd", struct.pack(">II", 0, 1) + entry),
        atom(b"stts", struct.pack(">IIII", 0, 1, samples, 2)),
        atom(b"stsc", struct.pack(">IIIII", 0, 1, 1, samples, 1)),
        atom(b"stsz", struct.pack(">III", 0, size, samples)),
        atom(b"stco", struct.pack(">III", 0, 1, 40)),
    )
    places = atom(b"dinf", atom(b"dref", struct.pack(">II", 0, 1), reference)) if reference else b""
    edit = struct.pack(">III", 0xFFFFFFF, 0, 1 << 16) * edits
    cuts = atom(b"edts", atom(b"elst", struct.pack(">II", 0, edits) + edit)) if edits else b""
    track = atom(
        b"trak",
        atom(b"tkhd", bytes(84)),
        cuts,
        atom(b"mdia", media, handler, atom(b"minf", atom(b"smhd", bytes(8)), places, table)),
    )
    return atom(b"ftyp", b"M4A \0\0\0\0isom") + atom(b"mdat", data) + atom(b"moov", header, track, extra)


def fragmented(samples: int) -> bytes:
    """An MP4 whose one fragment says that it has so many samples."""
    extends = atom(b"mvex", atom(b"trex", struct.pack(">IIIIII", 0, 0, 1, 2, 1, 0)))
    run = atom(b"trun", struct.pack(">II", 0, samples))
    fragment = atom(
        b"moof", atom(b"mfhd", bytes(8)), atom(b"traf", atom(b"tfhd", struct.pack(">II", 0x020000, 0)), run)
    )
    return mov(0, extra=extends) + fragment + atom(b"mdat", bytes(1_000))


def nested_atoms(depth: int) -> bytes:
    inside = b""
    for _ in range(depth):
        inside = atom(b"moov", inside)
    return atom(b"ftyp", b"M4A \0\0\0\0isom") + inside


def compressed_movie(size: int) -> bytes:
    """A MOV whose header is compressed, and claims to be so large."""
    packed = zlib.compress(bytes(size), 9)
    return atom(b"ftyp", b"qt  \0\0\0\0qt  ") + atom(
        b"moov", atom(b"cmov", atom(b"dcom", b"zlib"), atom(b"cmvd", struct.pack(">I", size), packed))
    )


def elsewhere(path: str) -> bytes:
    """A MOV whose samples are in another file."""
    name = path.encode()
    alias = struct.pack(">I", 0) + struct.pack(">H", 0) + bytes(144)
    for kind in (2, 18):  # the absolute path, in both ways that an alias may say it
        alias += struct.pack(">HH", kind, len(name)) + name + b"\0" * (len(name) % 2)
    alias += struct.pack(">HH", 0xFFFF, 0)
    return mov(500, size=2, codec=b"twos", reference=atom(b"alis", alias), data=b"")


# ID3


def _syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))


def pictures(megabytes: int, count: int) -> bytes:
    """An MP3 with compressed cover pictures that unpack to so much each."""
    head, packer = b"\0image/png\0\3\0", zlib.compressobj(9)
    packed = packer.compress(head) + b"".join(packer.compress(bytes(2**20)) for _ in range(megabytes)) + packer.flush()
    body = _syncsafe(len(head) + megabytes * 2**20) + packed
    frame = b"APIC" + _syncsafe(len(body)) + b"\0\x09" + body  # compressed, and says to what size
    return b"ID3\4\0\0" + _syncsafe(len(frame) * count) + frame * count + encode(tone(SECOND, 1.0), SECOND, "mp3 cbr")


# Silence


def _number(value: int) -> bytes:
    """As FLAC writes the number of a frame: like UTF-8."""
    return chr(value).encode("utf-8", "surrogatepass")


def flac_silence(frames: int, rate: int = 8_000, announced: int = 0) -> bytes:
    """A FLAC of silence: 14 bytes for each 65,535 samples."""
    block = 65_535
    info = struct.pack(">HH", block, block) + bytes(6)
    info += (rate << 44 | 15 << 36 | announced).to_bytes(8, "big") + bytes(16)
    made = [b"fLaC\x80" + len(info).to_bytes(3, "big") + info]
    for number in range(frames):
        head = b"\xff\xf8\x70\x08" + _number(number) + struct.pack(">H", block - 1)
        frame = head + bytes([_crc(head, _CRC8, 8)]) + bytes(3)
        made.append(frame + struct.pack(">H", _crc(frame, _CRC16, 16)))
    return b"".join(made)


def opus_silence(pages: int) -> bytes:
    """An Opus file of silence: 281 bytes for each 15 s."""
    head = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 0, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<II", 0, 0)
    packet = b"\x19"  # SILK narrow band, 60 ms; two frames without any bytes: 120 ms
    made = [_ogg([head], 0, 0, 2), _ogg([tags], 0, 1, 0)]
    for page in range(pages):
        position = (page + 1) * 127 * 5_760
        made.append(_ogg([packet] * 127, position, page + 2, 4 if page == pages - 1 else 0))
    return b"".join(made)


def _ogg(packets: list[bytes], position: int, number: int, flags: int) -> bytes:
    head = b"OggS\0" + struct.pack("<BqII", flags, position, 1, number)
    body = bytes([len(packets)]) + bytes(map(len, packets)) + b"".join(packets)
    check = _crc(head + bytes(4) + body, _CRC32, 32)
    return head + struct.pack("<I", check) + body


# Headers


def wav(*, rate: int = SECOND, channels: int = 1, bits: int = 16, size: int = 0xFFFFFFF0, chunks: bytes = b"") -> bytes:
    """A WAV of half a second that claims anything."""
    bytes_a_second = rate * channels * bits // 8 & 0xFFFFFFFF
    form = struct.pack("<IHHIIHH", 16, 1, channels, rate, bytes_a_second, channels * bits // 8 & 0xFFFF, bits)
    return b"RIFF\xff\xff\xff\xffWAVEfmt " + form + chunks + b"data" + struct.pack("<I", size) + b"\1\0" * 8_000


def nested_lists(depth: int) -> bytes:
    inside = b""
    for _ in range(depth):
        inside = b"LIST" + struct.pack("<I", len(inside) + 4) + b"INFO" + inside
    return wav(chunks=inside)


def endless_ebml(depth: int) -> bytes:
    """A Matroska header whose elements of unknown size hold each other."""
    return b"\x1a\x45\xdf\xa3\x84\x42\x82\x81w" + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" * depth


def ebml_claims() -> bytes:
    """A Matroska file with an attachment that is said to have 2 GB."""
    attachment = (
        b"\x19\x41\xa4\x69\x08\x7f\xff\xff\xff" + b"\x61\xa7\x08\x7f\xff\xff\xf0" + b"\x46\x5c\x08\x7f\xff\xff\x00"
    )
    return b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + attachment


REFUSED: dict[str, Callable[[], bytes]] = {
    "index of 30 million samples": lambda: mov(30_000_000),
    "index of 2^31 samples": lambda: mov(0x7FFFFFF0),
    "AAC index of 30 million samples": lambda: mov(30_000_000, size=100, codec=b"mp4a"),
    "fragment of 30 million samples": lambda: fragmented(30_000_000),
    "fragment of 2^31 samples": lambda: fragmented(0x7FFFFFF0),
    "cuts that repeat an index": lambda: mov(100_000, edits=20_000),
    "10,000 atoms in each other": lambda: nested_atoms(10_000),
    "compressed header of 64 MB": lambda: compressed_movie(2**26),
    "samples in another file": lambda: elsewhere("/etc/passwd"),
    "65,535 channels": lambda: wav(channels=65_535),
    "2^31 Hz": lambda: wav(rate=0x7FFFFFFF),
    "1 Hz": lambda: wav(rate=1),
    "endless EBML": lambda: endless_ebml(10_000),
    "attachment of 2 GB": ebml_claims,
    "zip": lambda: b"PK\3\4" + bytes(1_000),
    "gzip": lambda: b"\x1f\x8b\x08\0" + bytes(1_000),
    "XML": lambda: b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
}
"""No samples in them are worth anything: refused, or nothing found in them."""

HARMLESS: dict[str, tuple[Callable[[], bytes], float]] = {
    "pictures of 512 MB": (lambda: pictures(64, 8), 1.0),
    "FLAC that claims 99 days": (lambda: flac_silence(2, announced=2**36 - 1), 2 * 65_535 / 8_000),
    "WAV without an end": (wav, 0.5),
    "1,000 lists in each other": (lambda: nested_lists(1_000), 0.5),
    "speech": (lambda: encode(speech(), SECOND, "flac"), speech().size / SECOND),
}
"""Decoded as what they are, which lasts so many seconds."""

LONG: dict[str, Callable[[], bytes]] = {
    "20 h of FLAC in 130 kB": lambda: flac_silence(8_789),
    "5 h of Opus in 337 kB": lambda: opus_silence(1_200),
}
"""Hours in a small file."""
