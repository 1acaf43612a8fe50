//! Tags: those of an operator, which are checked, and those with the words of clients, which are made to fit.

/// Bytes of one tag: Datadog cuts longer ones at 200 characters.
pub(super) const TAG_BYTES_MAX: usize = 200;

/// Bytes of all tags of an operator together, commas included. So a line has room for those of a job too.
pub(crate) const TAGS_BYTES_MAX: usize = 600;

/// Checks a tag of an operator: a letter, then letters, digits and `_ - : . /`, as Faktory's.
///
/// # Errors
/// A text that says what a tag may be.
pub(crate) fn check_tag(tag: &str) -> Result<(), String> {
    let begins_well = tag.starts_with(|c: char| c.is_ascii_alphabetic());
    let goes_on_well = tag.chars().all(|c| c.is_ascii() && is_allowed(c));
    if begins_well && goes_on_well && tag.len() <= TAG_BYTES_MAX {
        return Ok(());
    }
    Err(format!(
        "a tag begins with a letter, has only letters, digits and _ - : . / and at most {TAG_BYTES_MAX} bytes, \
         like env:prod; {tag:?} does not"
    ))
}

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
pub(super) fn write_tag(out: &mut String, key: &str, value: &str) {
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
    fn tags_of_operators_keep_faktorys_rule() {
        for tag in ["env:prod", "a", "team:ops/eu-1", "v:1.2.3", "x_y:z:q"] {
            assert_eq!(check_tag(tag), Ok(()), "{tag}");
        }
        let long = "x".repeat(TAG_BYTES_MAX + 1);
        for tag in [
            "", "1env", ":x", "a b", "a,b", "a|b", "a#b", "a\nb", "é:x", "a:é", &long,
        ] {
            let error = check_tag(tag).unwrap_err();
            assert!(error.contains(&format!("{tag:?} does not")), "{error}");
        }
    }

    #[test]
    fn tags_of_the_environment_become_what_the_agent_makes_of_them() {
        for (tag, expected) in [
            ("env:prod", "env:prod"),
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
