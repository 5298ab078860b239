"""Proofs of the tree: which ranges' hashes make one, and how one is checked. Both are functions of numbers and hashes.

Inclusion says that a leaf is in a tree; consistency that a tree is the beginning of a larger one. To prove, ask the tree
for the hashes of the ranges in order; to check, nothing but the proof is needed. Sources: RFC 6962 section 2.1, RFC 9162 section
2.1.3.2 and 2.1.4.2; subtree consistency as in draft-ietf-plants-merkle-tree-certs, of which RFC 9162's is the case `start = 0`.
"""

from collections.abc import Sequence

from app.audit.tree import EMPTY_ROOT, HASH_BYTES, Range, node_hash, split


class ProofInvalid(ValueError):
    """A proof does not prove what it is said to prove; the text says why, and carries no value."""


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose hashes prove that leaf `index` is in a tree of `size`, the leaf's sibling first; ValueError outside it."""
    if not 0 <= index < size:
        raise ValueError("the leaf is not in a tree of that size")
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            ranges.append(Range(middle, end))
            end = middle
        else:
            ranges.append(Range(start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The ranges whose hashes prove that a tree of size `old` begins the tree of size `new`; ValueError unless 0 < old <= new."""
    if not 0 < old <= new:
        raise ValueError("consistency needs sizes with 0 < old <= new")
    ranges: list[Range] = []
    start, end = 0, new
    while old != end:
        middle = start + split(end - start)
        if old <= middle:
            ranges.append(Range(middle, end))
            end = middle
        else:
            ranges.append(Range(start, middle))
            start = middle
    if start:
        ranges.append(Range(start, end))
    return ranges[::-1]


def check_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Returns when the proof shows that the leaf hash is at `index` of the tree with this size and root; else `ProofInvalid`.

    RFC 9162 section 2.1.3.2.
    """
    _whole_hashes([leaf, root, *proof])
    if not 0 <= index < size:
        raise ProofInvalid("the leaf index is not below the tree size")
    fn, sn, computed = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            raise ProofInvalid("the inclusion proof has too many hashes")
        if fn & 1 or fn == sn:
            computed = node_hash(sibling, computed)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            computed = node_hash(computed, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise ProofInvalid("the inclusion proof has too few hashes")
    if computed != root:
        raise ProofInvalid("the inclusion proof leads to another root")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Returns when the proof shows that the tree of size `old` begins the tree of size `new`; else `ProofInvalid`.

    RFC 9162 section 2.1.4.2. A tree begins itself, with an empty proof; the empty tree has no proof.
    """
    if old == 0:
        raise ProofInvalid("the empty tree begins every tree; a proof of it proves nothing")
    check_subtree_consistency(Range(0, old), new, old_root, new_root, proof)


def check_subtree_inclusion(
    leaf: bytes, index: int, subtree: Range, root: bytes, proof: Sequence[bytes]
) -> None:
    """Returns when the proof shows the leaf hash at `index` of the log inside a subtree with this root; else `ProofInvalid`."""
    _valid(subtree)
    check_inclusion(leaf, index - subtree.start, subtree.end - subtree.start, root, proof)


def check_subtree_consistency(
    subtree: Range, size: int, subtree_root: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Returns when the proof shows that the subtree is part of the tree of this size and root; else `ProofInvalid`.

    No leaves at all are part of every tree.
    """
    _whole_hashes([subtree_root, *proof] if proof else [])
    if subtree.end > size:
        raise ProofInvalid("the older tree is larger than the newer one")
    if subtree.start == subtree.end and subtree_root == EMPTY_ROOT and not proof:
        return
    _valid(subtree)
    fr, sr = _climbed(subtree, size, subtree_root, proof)
    if fr != subtree_root or sr != root:
        raise ProofInvalid("the consistency proof leads to another root")


def _climbed(subtree: Range, size: int, subtree_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The subtree's and the tree's root as the proof builds them, from the largest part that both have whole."""
    fn, sn, tn = subtree.start, subtree.end - 1, size - 1
    while fn != sn and (sn == tn or sn & 1):
        fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
    if fn != sn and not proof:
        raise ProofInvalid("the consistency proof has too few hashes")
    fr = sr = subtree_root if fn == sn else proof[0]
    for c in proof if fn == sn else proof[1:]:
        if tn == 0:
            raise ProofInvalid("the consistency proof has too many hashes")
        if sn & 1 or sn == tn:
            fr = node_hash(c, fr) if fn < sn else fr
            sr = node_hash(c, sr)
            while not sn & 1:
                fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
    if tn != 0:
        raise ProofInvalid("the consistency proof has too few hashes")
    return fr, sr


def _valid(subtree: Range) -> None:
    """A subtree begins at a multiple of the least power of two that is not below its size."""
    start, end = subtree
    if not 0 <= start < end or start % (1 << (end - start - 1).bit_length()):
        raise ProofInvalid("these leaves are not a subtree")


def _whole_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofInvalid("a hash does not have 32 bytes")
