//! Presets: one name for configurations that are only of use together.

use heapbench_results::split;

/// The configurations that the cost split needs over the default memory source, or over another as `split+mimalloc`.
const SPLIT: &str = "split";

/// What a name stands for: itself, unless it is a preset.
pub fn expanded(name: String) -> Vec<String> {
    let source = match name.strip_prefix(SPLIT) {
        Some("") => Some(split::SOURCES[0]),
        Some(rest) => rest.strip_prefix('+').filter(|source| split::SOURCES.contains(source)),
        None => None,
    };
    source.map_or_else(|| vec![name.clone()], split::configurations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

    #[test]
    fn a_preset_is_configurations_that_can_be_measured_and_have_one_text() {
        for preset in ["split", "split+pymalloc", "split+mimalloc", "split+system"] {
            let configurations = expanded(preset.to_string());
            assert_eq!(configurations.len(), 10);
            for text in configurations {
                let configuration = registry::resolve_measured(&text).unwrap();
                assert_eq!(configuration.to_string(), text);
                registry::check(&configuration, None).unwrap();
            }
        }
        assert_eq!(expanded("split".into()), expanded("split+pymalloc".into()));
    }

    #[test]
    fn other_names_are_themselves() {
        for name in ["refcount", "splitter", "split+", "split+moon", "cpython:*"] {
            assert_eq!(expanded(name.to_string()), [name]);
        }
    }
}
