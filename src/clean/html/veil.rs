//! Text that a browser shows only without scripts, or only with newer ones: `noscript`, and the templates of shadow trees.

use super::scan::{find, name, tag_end};

/// The page with these elements as plain ones; `None` where it has none of them.
pub(super) fn lifted(markup: &str) -> Option<String> {
    let bytes = markup.as_bytes();
    let mut out = String::new();
    // Of each template that is open, whether it was lifted.
    let mut templates = Vec::new();
    let (mut at, mut copied) = (0, 0);
    while let Some(open) = find(markup, at, '<') {
        let is_end = bytes.get(open + 1) == Some(&b'/');
        let start = open + 1 + usize::from(is_end);
        at = open + 1;
        let Some(name) = bytes.get(start..).and_then(|rest| name(&rest[..rest.len().min(16)])) else { continue };
        let is_template = name.eq_ignore_ascii_case(b"template");
        if !is_template && !name.eq_ignore_ascii_case(b"noscript") {
            continue;
        }
        let Some((end, _)) = tag_end(markup, open) else { break };
        at = end;
        let is_lifted = match (is_template, is_end) {
            (false, _) => true,
            (true, true) => templates.pop().unwrap_or(false),
            (true, false) => {
                templates.push(markup[open..end].to_ascii_lowercase().contains("shadowrootmode"));
                templates.last() == Some(&true)
            }
        };
        if is_lifted {
            out.push_str(&markup[copied..open]);
            out.push_str(if is_end { "</div>" } else { "<div>" });
            copied = end;
        }
    }
    (copied > 0).then(|| out + &markup[copied..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_shown_somewhere_is_lifted() {
        for (markup, lifted_markup) in [
            ("<noscript class=a><p>x</p></NOSCRIPT>y", Some("<div><p>x</p></div>y")),
            (
                "<template shadowrootmode=open>x<template>y</template></template>",
                Some("<div>x<template>y</template></div>"),
            ),
            ("<template>x</template><noscripts>", None),
            ("<noscript", None),
        ] {
            assert_eq!(lifted(markup).as_deref(), lifted_markup, "{markup}");
        }
    }
}
