//! Merkle trees over SHA-256 as RFC 6962, section 2.1, defines them: hashes, roots, and the checks of both kinds of proof.
//!
//! Pure. Where hashes are kept is no concern of this file: a proof is a list of ranges of leaves whose hashes are asked for.

use sha2::{Digest as _, Sha256};

/// SHA-256 of a leaf, of a node or of a whole tree.
pub type Hash = [u8; 32];

/// The hash of a leaf (RFC 6962: `SHA-256(0x00 || data)`).
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(data)
        .finalize()
        .into()
}

/// The hash of an inner node (RFC 6962: `SHA-256(0x01 || left || right)`).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut data = [1; 65];
    data[1..33].copy_from_slice(left);
    data[33..].copy_from_slice(right);
    Sha256::digest(data).into()
}

/// The right edge of a tree: what must be kept of it to append to it and to know its root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// The roots of the full subtrees of which the tree consists, the largest first: one for each bit of `size`.
    roots: Vec<Hash>,
}

impl Edge {
    /// The edge of a tree of `size` leaves; `None` when the number of hashes is another one.
    #[must_use]
    pub fn new(size: u64, roots: Vec<Hash>) -> Option<Self> {
        let expected = usize::try_from(size.count_ones()).ok()?;
        (roots.len() == expected).then_some(Self { size, roots })
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its full subtrees, the largest first.
    #[must_use]
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Appends a leaf. `made` is told of each full subtree that it completes: height, which of that height, hash.
    pub fn push(&mut self, leaf: Hash, mut made: impl FnMut(u32, u64, &Hash)) {
        let mut hash = leaf;
        let mut height = 0;
        while self.size >> height & 1 == 1 {
            // One root for each bit, so there is one to take.
            let left = self.roots.pop().unwrap_or_default();
            hash = node_hash(&left, &hash);
            height += 1;
            made(height, self.size >> height, &hash);
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The tree's hash.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(&self.roots)
    }
}

/// The hash of a range of leaves from the roots of its full subtrees, the largest first; of nothing, that of the empty tree.
#[must_use]
pub fn fold(roots: &[Hash]) -> Hash {
    let smaller = roots.iter().rev();
    smaller
        .copied()
        .reduce(|right, left| node_hash(&left, &right))
        .unwrap_or_else(|| Sha256::digest([]).into())
}

/// A range of leaves, the end not included.
pub type Range = (u64, u64);

/// The full subtrees of a range of leaves that a proof asks for, as (height, which of that height), the largest first.
#[must_use]
pub fn subtrees((mut start, end): Range) -> Vec<(u32, u64)> {
    let mut found = Vec::new();
    while start < end {
        let height = (end - start).ilog2();
        found.push((height, start >> height));
        start += 1 << height;
    }
    found
}

/// The ranges whose hashes prove that a leaf is in a tree (RFC 6962, section 2.1.1), from the leaf upwards.
#[must_use]
pub fn inclusion(index: u64, size: u64) -> Vec<Range> {
    let (mut low, mut high) = (0, size);
    let mut path = Vec::new();
    while high.saturating_sub(low) > 1 {
        let middle = low + split(high - low);
        if index < middle {
            path.push((middle, high));
            high = middle;
        } else {
            path.push((low, middle));
            low = middle;
        }
    }
    path.reverse();
    path
}

/// The ranges whose hashes prove that the tree of `new` leaves begins with the tree of `old` leaves (RFC 6962, section
/// 2.1.2). Empty when there is nothing to prove.
#[must_use]
pub fn consistency(old: u64, new: u64) -> Vec<Range> {
    if old == 0 || old >= new {
        return Vec::new();
    }
    let (mut low, mut high) = (0, new);
    let mut path = Vec::new();
    let mut whole = true;
    while old != high {
        let middle = low + split(high - low);
        if old <= middle {
            path.push((middle, high));
            high = middle;
        } else {
            path.push((low, middle));
            low = middle;
            whole = false;
        }
    }
    if !whole {
        path.push((low, high));
    }
    path.reverse();
    path
}

/// The largest power of two smaller than `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// Whether a proof shows that the leaf is in the tree (RFC 9162, section 2.1.3.2).
#[must_use]
pub fn is_included(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for step in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(step, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// A tree: how many leaves, and its hash.
pub type Tree<'a> = (u64, &'a Hash);

/// Whether a proof shows that `new` begins with `old` (RFC 9162, section 2.1.4.2).
#[must_use]
pub fn is_consistent(old: Tree<'_>, new: Tree<'_>, proof: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    if old_size == 0 || old_size > new_size {
        // Every tree begins with the empty one.
        return old_size == 0 && proof.is_empty() && *old_root == fold(&[]);
    }
    let mut steps = proof.iter();
    let start = if old_size.is_power_of_two() {
        Some(old_root)
    } else {
        steps.next()
    };
    let Some(start) = start else { return false };
    let zeros = (old_size - 1).trailing_ones();
    let (mut node, mut last) = ((old_size - 1) >> zeros, (new_size - 1) >> zeros);
    let (mut from_old, mut from_new) = (*start, *start);
    for step in steps {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            from_old = node_hash(step, &from_old);
            from_new = node_hash(step, &from_new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node_hash(&from_new, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && from_old == *old_root && from_new == *new_root
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use ct_merkle::{ConsistencyProof, InclusionProof, mem_backed_tree::MemoryBackedTree};
    use proptest::prelude::*;

    type Oracle = MemoryBackedTree<Sha256, Vec<u8>>;

    /// The same tree by this file and by another implementation.
    fn both(leaves: &[Vec<u8>]) -> (Vec<Hash>, Edge, Oracle) {
        let (mut edge, mut oracle) = (Edge::default(), Oracle::new());
        for leaf in leaves {
            edge.push(leaf_hash(leaf), |_, _, _| ());
            oracle.push(leaf.clone());
        }
        (
            leaves.iter().map(|leaf| leaf_hash(leaf)).collect(),
            edge,
            oracle,
        )
    }

    /// What a proof asks for.
    fn hashes(leaves: &[Hash], ranges: &[Range]) -> Vec<Hash> {
        let hash = |(start, end): &Range| {
            let mut edge = Edge::default();
            let range = usize::try_from(*start).unwrap()..usize::try_from(*end).unwrap();
            leaves[range]
                .iter()
                .for_each(|leaf| edge.push(*leaf, |_, _, _| ()));
            edge.root()
        };
        ranges.iter().map(hash).collect()
    }

    fn trees() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..200)
    }

    proptest! {
        #[test]
        fn roots_and_proofs_are_those_of_another_implementation(leaves in trees(), a in any::<prop::sample::Index>()) {
            let (hashed, edge, oracle) = both(&leaves);
            let size = edge.size();
            let (ours, theirs) = (edge.root(), oracle.root());
            prop_assert_eq!(ours.as_slice(), theirs.as_bytes().as_slice());
            let at = a.index(leaves.len());
            let index = at as u64;
            let proof = hashes(&hashed, &inclusion(index, size));
            let theirs: InclusionProof<Sha256> = oracle.prove_inclusion(at);
            prop_assert_eq!(proof.concat(), theirs.as_bytes());
            prop_assert!(is_included(&hashed[at], index, size, &proof, &edge.root()));
            // Another place, another leaf, a bent or a cut proof: none passes.
            prop_assert!(!is_included(&hashed[at], size, size, &proof, &edge.root()));
            prop_assert!(!is_included(&[7; 32], index, size, &proof, &edge.root()));
            for n in 0..proof.len() {
                let mut bent = proof.clone();
                bent[n][0] ^= 1;
                prop_assert!(!is_included(&hashed[at], index, size, &bent, &edge.root()));
                prop_assert!(!is_included(&hashed[at], index, size, &proof[..n], &edge.root()));
            }

            let (old_hashes, old, old_tree) = both(&leaves[..=at]);
            prop_assert_eq!(old_hashes.len() as u64, old.size());
            let proof = hashes(&hashed, &consistency(old.size(), size));
            if old.size() < size {
                let theirs: ConsistencyProof<Sha256> = oracle.prove_consistency(leaves.len() - at - 1);
                prop_assert_eq!(proof.concat(), theirs.as_bytes());
                prop_assert!(oracle.root().verify_consistency(&old_tree.root(), &theirs).is_ok());
            }
            let (old_root, new_root) = (old.root(), edge.root());
            prop_assert!(is_consistent((old.size(), &old_root), (size, &new_root), &proof));
            prop_assert!(!is_consistent((old.size(), &[7; 32]), (size, &new_root), &proof));
            for n in 0..proof.len() {
                let mut bent = proof.clone();
                bent[n][31] ^= 128;
                prop_assert!(!is_consistent((old.size(), &old_root), (size, &new_root), &bent));
            }
        }

        #[test]
        fn an_edge_tells_of_every_full_subtree_once(size in 1_u64..600) {
            let mut made = std::collections::BTreeMap::new();
            let mut edge = Edge::default();
            for n in 0..size {
                edge.push(leaf_hash(&n.to_be_bytes()), |height, at, hash| {
                    assert!(made.insert((height, at), *hash).is_none());
                });
            }
            let parts = subtrees((0, size));
            for ((height, at), root) in parts.iter().zip(edge.roots()) {
                prop_assert!(*height == 0 || made[&(*height, *at)] == *root);
            }
            prop_assert_eq!(Edge::new(size, edge.roots().to_vec()), Some(edge));
            prop_assert_eq!(made.len() as u64, (1..64).map(|height| size >> height).sum::<u64>());
        }
    }

    #[test]
    fn the_empty_tree_is_what_the_rfc_says() {
        let empty: Hash = Sha256::digest(b"").into();
        assert_eq!(Edge::default().root(), empty);
        assert_eq!(Edge::new(3, vec![[0; 32]]), None);
    }
}
