//! The line model: small decision trees over the features of a line, from a data file that a person can read.
//!
//! Trained by `tools/train_line_model.py` (gradient boosting, see there for data and settings); here it is only read and
//! walked. The same features give the same score on every machine: sums of `f32` in the order of the file.

use super::features::{Features, NAMES};

const TREES: &str = include_str!("../../../config/line_model.txt");

/// Trees after which most lines of prose are done with.
const FIRST_TREES: usize = 32;
/// The sum up to which they are: a score of .27, far from any bar.
const FIRST_SUM: f32 = -1.0;

/// The compiled trees.
pub struct Model {
    nodes: Vec<Node>,
    roots: Vec<Branch>,
}

struct Node {
    feature: usize,
    threshold: f32,
    /// Taken where the feature is at most the threshold.
    left: Branch,
    right: Branch,
}

#[derive(Clone, Copy)]
enum Branch {
    Node(u32),
    Leaf(f32),
}

impl Model {
    /// The model that is compiled in.
    pub fn built_in() -> Self {
        Self::parse(TREES).expect("the model compiled in is tested")
    }

    /// Reads trees, one a line: `(feature threshold left right)`, where a branch is a tree or a number.
    fn parse(text: &str) -> Result<Self, String> {
        let mut model = Self { nodes: Vec::new(), roots: Vec::new() };
        let trees = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        for (number, line) in trees {
            let root = model.tree(line).ok_or_else(|| format!("line {} is no tree", number + 1))?;
            model.roots.push(root);
        }
        Ok(model)
    }

    /// Reads one tree, bottom up: closing a bracket makes a node of what it holds.
    fn tree(&mut self, line: &str) -> Option<Branch> {
        let mut open: Vec<(usize, f32)> = Vec::new();
        let mut ready: Vec<Branch> = Vec::new();
        let spaced = line.replace('(', " ( ").replace(')', " ) ");
        let mut tokens = spaced.split_whitespace();
        while let Some(token) = tokens.next() {
            match token {
                "(" => {
                    let name = tokens.next()?;
                    let feature = NAMES.iter().position(|known| *known == name)?;
                    open.push((feature, tokens.next()?.parse().ok()?));
                }
                ")" => {
                    let (feature, threshold) = open.pop()?;
                    let (right, left) = (ready.pop()?, ready.pop()?);
                    ready.push(Branch::Node(u32::try_from(self.nodes.len()).ok()?));
                    self.nodes.push(Node { feature, threshold, left, right });
                }
                leaf => ready.push(Branch::Leaf(leaf.parse().ok()?)),
            }
        }
        if open.is_empty() && ready.len() == 1 { ready.pop() } else { None }
    }

    /// How surely a line with these features is none of the article's: 0 to 1.
    ///
    /// A line that the first trees take for the article's is not asked about any further: its score is low as it is.
    pub fn score(&self, features: &Features) -> f32 {
        let (first, rest) = self.roots.split_at(FIRST_TREES.min(self.roots.len()));
        let sum_of = |roots: &[Branch]| roots.iter().map(|&root| self.leaf(root, features)).sum::<f32>();
        let mut sum = sum_of(first);
        if sum > FIRST_SUM {
            sum += sum_of(rest);
        }
        1.0 / (1.0 + (-sum).exp())
    }

    fn leaf(&self, mut branch: Branch, features: &Features) -> f32 {
        loop {
            match branch {
                Branch::Leaf(value) => return value,
                Branch::Node(at) => {
                    let node = &self.nodes[at as usize];
                    branch = if features[node.feature] <= node.threshold { node.left } else { node.right };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_model_reads_and_is_small() {
        assert!(Model::built_in().roots.len() >= 20);
        assert!(TREES.len() <= 64 * 1024, "{} bytes", TREES.len());
    }

    #[test]
    fn a_tree_is_walked_by_its_thresholds() {
        let model = Model::parse("# two trees\n(words 4.5 (terminated 0.5 2 -1) -3)\n0.5\n").unwrap();
        let mut features = [0.0; NAMES.len()];
        features[0] = 3.0;
        assert!((model.score(&features) - 1.0 / (1.0 + (-2.5f32).exp())).abs() < 1e-6);
        features[0] = 20.0;
        assert!(model.score(&features) < 0.1);
    }

    #[test]
    fn a_broken_tree_is_refused() {
        for broken in ["(words 1 2)", "(nothing 1 2 3)", "(words 1 2 3", "1 2", "(words x 1 2)"] {
            assert!(Model::parse(broken).is_err(), "{broken}");
        }
    }
}
