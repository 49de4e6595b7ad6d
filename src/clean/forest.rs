//! A learned judgement: a sum of small decision trees over named features, from a file that a person can read.
//!
//! A tree is one line, its nodes in prefix order: `feature<=threshold` with the left branch following at once, `=value` for
//! a leaf. The same features give the same sum on every machine: `f32` added in the order of the file.

/// The trees.
#[derive(Debug, Default)]
pub(super) struct Forest {
    nodes: Vec<Node>,
    /// Where each tree begins in `nodes`.
    roots: Vec<u32>,
}

/// One node; the left branch follows it, a leaf has no feature.
#[derive(Clone, Copy, Debug)]
struct Node {
    threshold: f32,
    feature: u16,
    right: u16,
}

const LEAF: u16 = u16::MAX;

/// Trees after which a sum that was not clear is looked at again.
const AGAIN: usize = 16;

impl Forest {
    /// Reads trees over the features `names`, passing over empty lines and those that begin with `#`; the error says which
    /// line is no tree.
    pub fn parse(text: &str, names: &[impl AsRef<str>]) -> Result<Self, String> {
        let mut forest = Self::default();
        let trees = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        for (number, line) in trees {
            forest.add(line, names).ok_or_else(|| format!("line {} is no tree", number + 1))?;
        }
        Ok(forest)
    }

    fn add(&mut self, line: &str, names: &[impl AsRef<str>]) -> Option<()> {
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
                let feature = names.iter().position(|known| known.as_ref() == name)?;
                let feature = u16::try_from(feature).ok().filter(|feature| *feature != LEAF)?;
                self.nodes.push(Node { threshold: threshold.parse().ok()?, feature, right: 0 });
                waiting.push(at);
            }
        }
        self.roots.push(start as u32);
        complete.then_some(())
    }

    #[cfg(test)]
    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// The logistic function of the sum for one row of features: 0 to 1.
    ///
    /// Each tree mends what those before it left open, so that a sum that `is_clear` after `first` trees or some more stays so:
    /// the rest is not asked.
    pub fn probability(&self, row: &[f32], first: usize, is_clear: impl Fn(f32) -> bool) -> f32 {
        let mut sum = 0.0;
        for (asked, &root) in self.roots.iter().enumerate() {
            if asked >= first && (asked - first).is_multiple_of(AGAIN) && is_clear(sum) {
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
                at = if row[usize::from(node.feature)] <= node.threshold { at + 1 } else { usize::from(node.right) };
            }
        }
        1.0 / (1.0 + (-sum).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["a", "b"];

    fn probability(forest: &Forest, row: &[f32]) -> f32 {
        forest.probability(row, 99, |_| false)
    }

    #[test]
    fn a_tree_goes_left_up_to_the_threshold() {
        let forest = Forest::parse("# one tree\n\na<=1 =-9 b<=2 =0 =9\n", &NAMES).expect("a tree");
        assert!(probability(&forest, &[1.0, 0.0]) < 0.01);
        assert_eq!(probability(&forest, &[2.0, 2.0]), 0.5);
        assert!(probability(&forest, &[2.0, 3.0]) > 0.99);
    }

    #[test]
    fn trees_are_summed_until_the_sum_is_clear() {
        let forest = Forest::parse("=1\n=-2", &NAMES).expect("two trees");
        assert_eq!(forest.trees(), 2);
        assert!(probability(&forest, &[]) < 0.5);
        assert!(forest.probability(&[], 1, |sum| sum == 1.0) > 0.5);
    }

    #[test]
    fn a_broken_tree_is_refused_with_its_line() {
        for broken in ["a<=1 =2", "=1 =2", "c<=1 =1 =2", "a<=x =1 =2", "(a 1 2 3)"] {
            assert_eq!(Forest::parse(&format!("=1\n{broken}"), &NAMES).unwrap_err(), "line 2 is no tree");
        }
    }
}
