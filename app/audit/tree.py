"""The Merkle tree of RFC 6962 (section 2.1) and RFC 9162: how leaves, nodes and ranges of leaves are hashed.

A range stands for the leaves from `start` up to, not including, `end`; the ranges of proofs fall into perfect subtrees of
falling height. Where hashes are kept is decided by `tile`, which of them prove something by `proof`.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()


class Range(NamedTuple):
    """Leaves `start <= leaf < end`."""

    start: int
    end: int


class Node(NamedTuple):
    """The perfect subtree of `2**height` leaves that begins at leaf `position << height`."""

    height: int
    position: int


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry): the hash of one leaf (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The `leaf_hash` of many entries, in order."""
    hashed = sha256
    return [hashed(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right): the hash of an inner node (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """The largest power of two below `size`, for a size of 2 or more: where RFC 6962 divides a tree."""
    return 1 << (size - 1).bit_length() - 1


def subtrees(leaves: Range) -> list[Node]:
    """The perfect subtrees that make up a range of a tree or a proof, from left to right, of falling height."""
    nodes: list[Node] = []
    start, left = leaves.start, leaves.end - leaves.start
    while left:
        height = left.bit_length() - 1
        nodes.append(Node(height, start >> height))
        start, left = start + (1 << height), left - (1 << height)
    return nodes


def joined(hashes: Sequence[bytes]) -> bytes:
    """The hash of a range from the hashes of its `subtrees`; of nothing, the hash of the empty tree."""
    if not hashes:
        return EMPTY_ROOT
    whole = hashes[-1]
    for left in reversed(hashes[:-1]):
        whole = node_hash(left, whole)
    return whole


def perfect(hashes: Sequence[bytes]) -> bytes:
    """The hash of a perfect subtree from the hashes of `2**k` nodes of one height."""
    level, hashed = list(hashes), sha256
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [hashed(b"\x01" + left + right).digest() for left, right in pairs]
    return level[0]


class RootHasher:
    """The root of a tree whose leaf hashes arrive one after another: keeps one hash a height."""

    __slots__ = ("_pending", "size")

    def __init__(self) -> None:
        self.size = 0
        self._pending: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Takes the next leaf hash."""
        size = self.size
        while size & 1:
            leaf = node_hash(self._pending.pop(), leaf)
            size >>= 1
        self._pending.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of the leaves so far."""
        return joined(self._pending)
