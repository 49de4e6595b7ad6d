//! Where one JSON value ends, by brackets and quotes alone: no parsing, no recursion, a few bytes of state.
//!
//! Three breaks are certain without parsing, and they keep one bad record from swallowing the next: a raw line end inside a
//! string, an object that opens where no value can stand, and a bracket too many.

#[derive(Clone, Copy)]
pub(super) enum Verdict {
    Whole,
    /// No JSON goes on like this.
    Broken,
}

/// Where in a value the scan stands: enough to find its end, and nothing more.
#[derive(Default)]
pub(super) struct Scanner {
    pub depth: u64,
    string: bool,
    escaped: bool,
    /// A number or a literal, whose end only the byte after it shows.
    pub scalar: bool,
    /// The last byte outside strings that is no white space.
    last: u8,
}

impl Scanner {
    /// How many bytes of `chunk` belong to the value, and how it ended if it did.
    pub fn scan(&mut self, chunk: &[u8], line: &mut u64) -> (usize, Option<Verdict>) {
        for (at, byte) in chunk.iter().enumerate() {
            if self.string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.string = false;
                        if self.depth == 0 {
                            return (at + 1, Some(Verdict::Whole));
                        }
                    }
                    // JSON has no raw line end inside a string, so this one was never closed.
                    b'\n' => {
                        *line += 1;
                        return (at + 1, Some(Verdict::Broken));
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' if self.depth > 0 => {
                    *line += u64::from(*byte == b'\n');
                    continue;
                }
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' | b'}' if self.depth == 0 => {
                    // The end of a scalar, or a bracket too many.
                    return if self.scalar { (at, Some(Verdict::Whole)) } else { (at + 1, Some(Verdict::Broken)) };
                }
                // An object opens a value, which only these can precede.
                b'{' if self.depth > 0 && !matches!(self.last, b'[' | b':' | b',') => {
                    return (at, Some(Verdict::Broken));
                }
                b'{' | b'[' if self.depth == 0 && self.scalar => return (at, Some(Verdict::Broken)),
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (at + 1, Some(Verdict::Whole));
                    }
                }
                b'"' => self.string = true,
                _ if self.depth == 0 => self.scalar = true,
                _ => {}
            }
            self.last = *byte;
        }
        (chunk.len(), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value at the start of `json`, and whether it is whole; `None` when it does not end.
    fn value(json: &str) -> Option<(&str, bool)> {
        let mut line = 1;
        let (n, verdict) = Scanner::default().scan(json.as_bytes(), &mut line);
        verdict.map(|verdict| (&json[..n], matches!(verdict, Verdict::Whole)))
    }

    #[test]
    fn brackets_and_quotes_inside_strings_do_not_count() {
        let json = r#"{"a": "}]\\\"{", "b": [{"c": "\\"}]}"#;
        assert_eq!(value(&format!("{json}, 7")), Some((json, true)));
    }

    #[test]
    fn a_raw_line_end_inside_a_string_breaks_the_value() {
        assert_eq!(value("{\"a\": \"x\n{\"b\": 1}"), Some(("{\"a\": \"x\n", false)));
    }

    #[test]
    fn an_object_where_no_value_can_stand_breaks_the_value() {
        assert_eq!(value("{\"a\": 1\n{\"b\": 2}"), Some(("{\"a\": 1\n", false)));
    }

    #[test]
    fn a_value_in_pieces_ends_where_it_ends_in_one() {
        let json = br#"[{"a": "\"x", "b": [1, {}]}, "]"] "#;
        let whole = Scanner::default().scan(json, &mut 1).0;
        let (mut scanner, mut taken) = (Scanner::default(), 0);
        for byte in json {
            let (n, verdict) = scanner.scan(&[*byte], &mut 1);
            taken += n;
            if verdict.is_some() {
                break;
            }
        }
        assert_eq!(taken, whole);
        assert_eq!(whole, json.len() - 1);
    }
}
