//! The learned judgement of blocks: a sum of small decision trees over named features.
//!
//! `model.txt` is written by `docs/html_model/train.py`; it is read once. A tree is one line, its nodes in prefix order:
//! `feature<=threshold` with the left branch following at once, `=value` for a leaf.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::features;

/// The file as trained.
const MODEL: &str = include_str!("model.txt");

/// One node; the left branch follows it, a leaf has no feature.
#[derive(Clone, Copy, Debug)]
struct Node {
    threshold: f32,
    feature: u16,
    right: u16,
}

const LEAF: u16 = u16::MAX;

/// After so many trees a sum beyond this (a probability below .047 or above .953) is final.
const EARLY_TREES: usize = 48;
const CLEAR: f32 = 3.0;

/// A sum of trees.
#[derive(Debug, Default)]
pub(super) struct Forest {
    nodes: Vec<Node>,
    /// Where each tree begins in `nodes`.
    roots: Vec<u32>,
}

impl Forest {
    /// The probability for one row of features.
    ///
    /// Each tree mends what those before it left open, so that a sum that is clear early stays clear: the rest is not asked.
    pub fn probability(&self, row: &[f32]) -> f32 {
        let mut sum = 0.0;
        for (asked, &root) in self.roots.iter().enumerate() {
            if asked == EARLY_TREES && f32::abs(sum) > CLEAR {
                break;
            }
            let tree = &self.nodes[root as usize..];
            let mut at = 0;
            loop {
                let node = tree[at];
                if node.feature == LEAF {
                    sum += node.threshold;
                    break;
                }
                at = if row[node.feature as usize] <= node.threshold { at + 1 } else { usize::from(node.right) };
            }
        }
        1.0 / (1.0 + (-sum).exp())
    }

    /// Adds a tree from its line; `None` if the line is no tree over the known features.
    fn add(&mut self, line: &str, index: &HashMap<String, u16>) -> Option<()> {
        let start = self.nodes.len();
        // Branches whose right side has not begun yet.
        let mut waiting: Vec<usize> = Vec::new();
        let mut complete = false;
        for word in line.split_ascii_whitespace() {
            if complete {
                return None;
            }
            let at = self.nodes.len();
            if let Some(value) = word.strip_prefix('=') {
                self.nodes.push(Node { threshold: value.parse().ok()?, feature: LEAF, right: 0 });
                match waiting.pop() {
                    Some(branch) => self.nodes[branch].right = u16::try_from(at + 1 - start).ok()?,
                    None => complete = true,
                }
            } else {
                let (name, threshold) = word.split_once("<=")?;
                self.nodes.push(Node { threshold: threshold.parse().ok()?, feature: *index.get(name)?, right: 0 });
                waiting.push(at);
            }
        }
        self.roots.push(start as u32);
        complete.then_some(())
    }
}

/// The model, read once.
pub(super) fn model() -> &'static Forest {
    static READ: LazyLock<Forest> = LazyLock::new(|| read(MODEL).expect("the compiled-in model is read by the tests"));
    &READ
}

fn read(text: &str) -> Option<Forest> {
    let index: HashMap<String, u16> = features::names().into_iter().zip(0u16..).collect();
    let mut forest = Forest::default();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        forest.add(line, &index)?;
    }
    Some(forest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_model_is_whole() {
        assert!(!read(MODEL).expect("a model over known features").roots.is_empty());
    }

    #[test]
    fn a_tree_goes_left_up_to_the_threshold() {
        let index = HashMap::from([("a".to_owned(), 0), ("b".to_owned(), 1)]);
        let mut forest = Forest::default();
        forest.add("a<=1 =-9 b<=2 =0 =9", &index).expect("a tree");
        assert!(forest.probability(&[1.0, 0.0]) < 0.01);
        assert_eq!(forest.probability(&[2.0, 2.0]), 0.5);
        assert!(forest.probability(&[2.0, 3.0]) > 0.99);
        for broken in ["a<=1 =2", "=1 =2", "c<=1 =1 =2", "a<=x =1 =2"] {
            assert!(Forest::default().add(broken, &index).is_none(), "{broken}");
        }
    }
}
