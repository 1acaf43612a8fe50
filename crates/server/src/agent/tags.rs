//! Tags: those of an operator and those with the words of clients, made to fit.

/// Bytes of one tag: Datadog cuts longer ones at 200 characters.
pub(crate) const TAG_BYTES_MAX: usize = 200;

/// Bytes of all tags of an operator together, commas included. So a line has room for those of a job too.
pub(crate) const TAGS_BYTES_MAX: usize = 600;

/// A tag as the agent would make it: what may not stand in it becomes `_`, and what comes before the first letter and after
/// the limit is cut off. None if nothing is left.
pub(crate) fn clean_tag(tag: &str) -> Option<String> {
    let mut cleaned = String::new();
    for c in tag.trim_start_matches(|c: char| !c.is_alphabetic()).chars() {
        let c = if is_allowed(c) { c } else { '_' };
        if cleaned.len() + c.len_utf8() > TAG_BYTES_MAX {
            break;
        }
        cleaned.push(c);
    }
    (!cleaned.is_empty()).then_some(cleaned)
}

/// A tag with a value that nobody has checked.
pub(crate) fn tag_of(key: &str, value: &str) -> String {
    let mut tag = String::new();
    write_tag(&mut tag, key, value);
    tag
}

/// Writes `key:value`. What may not stand in a tag becomes `_`, as Datadog itself would make it; what is too long is cut.
pub(crate) fn write_tag(out: &mut String, key: &str, value: &str) {
    let start = out.len();
    out.push_str(key);
    out.push(':');
    for c in value.chars() {
        let c = if is_allowed(c) { c } else { '_' };
        if out.len() - start + c.len_utf8() > TAG_BYTES_MAX {
            return;
        }
        out.push(c);
    }
}

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_operators_become_what_the_agent_makes_of_them() {
        for (tag, expected) in [
            ("env:prod", "env:prod"),
            ("a", "a"),
            ("team:ops/eu-1", "team:ops/eu-1"),
            ("x_y:z:q", "x_y:z:q"),
            (":x", "x"),
            ("a b", "a_b"),
            ("version:1.0+7", "version:1.0_7"),
            ("owner:ops@example.org", "owner:ops_example.org"),
            ("a|b#c,d\n", "a_b_c_d_"),
            ("1env:x", "env:x"),
            ("größe:1", "größe:1"),
        ] {
            assert_eq!(clean_tag(tag).as_deref(), Some(expected), "{tag}");
        }
        for tag in ["", "17", "+@"] {
            assert_eq!(clean_tag(tag), None, "{tag}");
        }
        let long = clean_tag(&"é".repeat(500)).unwrap();
        assert_eq!(long.len(), TAG_BYTES_MAX);
    }

    #[test]
    fn values_of_clients_cannot_break_out_of_their_tag() {
        for (value, expected) in [
            ("Foo::Bar", "t:Foo::Bar"),
            ("my.module/Job-1_x", "t:my.module/Job-1_x"),
            ("a|b,c#d\ne\rf g@h", "t:a_b_c_d_e_f_g_h"),
            ("größe", "t:größe"),
            ("", "t:"),
        ] {
            assert_eq!(tag_of("t", value), expected);
        }
    }

    #[test]
    fn long_values_are_cut_at_a_character() {
        let tag = tag_of("t", &"é".repeat(500));
        assert_eq!(tag.len(), TAG_BYTES_MAX);
        assert_eq!(tag.chars().count(), 2 + (TAG_BYTES_MAX - 2) / 2);
        assert_eq!(tag_of("jobtype", &"x".repeat(1_024)).len(), TAG_BYTES_MAX);
    }
}
