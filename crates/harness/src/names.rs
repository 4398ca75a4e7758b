//! Names as people give them: lists, globs, and the nearest known name to one that nothing has.

use crate::trouble::Trouble;
use globset::GlobBuilder;

/// The most similar known name, when one is similar.
pub fn nearest<'a>(given: &str, known: &'a [String]) -> Option<&'a String> {
    let similarity = |name: &String| strsim::jaro_winkler(name, given);
    known.iter().filter(|name| similarity(name) > 0.7).max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
}

/// The trouble with a name that nothing has.
pub fn unknown(what: &str, given: &str, known: &[String]) -> Trouble {
    let hint = match nearest(given, known) {
        Some(nearest) => format!("did you mean '{nearest}'?"),
        None if known.is_empty() => "expected none".to_string(),
        None => format!("expected one of {}", known.join(", ")),
    };
    Trouble::Request(format!("unknown {what} '{given}', {hint}"))
}

/// Whether a name is a glob.
pub fn is_glob(name: &str) -> bool {
    name.contains(['*', '?', '[', '{'])
}

/// The known names that a glob matches, in their own order.
///
/// # Errors
/// A glob that is malformed.
pub fn matching(glob: &str, known: &[String]) -> Result<Vec<String>, Trouble> {
    let built = GlobBuilder::new(glob).literal_separator(false).build();
    let matcher =
        built.map_err(|error| Trouble::request(format!("malformed glob: {error}")))?.compile_matcher();
    Ok(known.iter().filter(|name| matcher.is_match(name.as_str())).cloned().collect())
}

/// The known names that a list of names and globs selects, each once, in the order of the list.
///
/// # Errors
/// A name that is not known, a glob that matches nothing.
pub fn select(what: &str, given: &[String], known: &[String]) -> Result<Vec<String>, Trouble> {
    let mut selected: Vec<String> = Vec::new();
    for name in given {
        let found = match is_glob(name) {
            true => matching(name, known)?,
            false => known.iter().filter(|known| *known == name).cloned().collect(),
        };
        if found.is_empty() {
            return Err(unknown(what, name, known));
        }
        selected.extend(found);
    }
    Ok(without_repetitions(selected))
}

/// Each name once, where it came first.
pub fn without_repetitions(names: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    names.into_iter().filter(|name| seen.insert(name.clone())).collect()
}

/// Takes apart a list of configurations at its commas: one that stands between two settings of a
/// configuration (`a:x=1,y=2,b`) belongs to it.
pub fn split_configurations(list: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in list.split(',') {
        let continues =
            part.find('=').is_some_and(|equals| part.find(':').is_none_or(|colon| equals < colon));
        match parts.last_mut() {
            Some(last) if continues => *last = format!("{last},{part}"),
            _ => parts.push(part.to_string()),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn a_misspelt_name_is_told_its_nearest() {
        let known = names(&["bump", "refcount", "mark-sweep"]);
        let told = |given| unknown("strategy", given, &known).to_string();
        assert_eq!(told("mark-swep"), "unknown strategy 'mark-swep', did you mean 'mark-sweep'?");
        assert_eq!(told("zzz"), "unknown strategy 'zzz', expected one of bump, refcount, mark-sweep");
        assert_eq!(unknown("key", "x", &[]).to_string(), "unknown key 'x', expected none");
    }

    #[test]
    fn lists_select_each_name_once_in_the_order_of_the_list() {
        let known = names(&["bump", "refcount+system", "refcount+mimalloc"]);
        let select = |list: &[&str]| select("strategy", &names(list), &known);
        assert_eq!(
            select(&["refcount*", "bump"]).unwrap(),
            names(&["refcount+system", "refcount+mimalloc", "bump"])
        );
        assert_eq!(select(&["*", "bump"]).unwrap(), known);
        assert!(select(&["x*"]).is_err());
        assert!(select(&["refcount"]).is_err());
        assert!(select(&["[a"]).unwrap_err().to_string().starts_with("malformed glob"));
    }

    #[test]
    fn commas_inside_a_configuration_do_not_end_it() {
        assert_eq!(split_configurations("a,b:x=1,y=2,c"), ["a", "b:x=1,y=2", "c"]);
        assert_eq!(split_configurations("b:x=1,c:y=2"), ["b:x=1", "c:y=2"]);
    }
}
