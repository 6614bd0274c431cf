//! What `deny.toml` says, as far as our own check reads it.

use super::expression::is_met;
use toml::{Table, Value};

/// The licences that are allowed and the packages that are not.
#[derive(Debug)]
pub(super) struct Policy {
    allowed: Vec<String>,
    /// Licences allowed for one package only.
    exceptions: Vec<(String, Vec<String>)>,
    banned: Vec<String>,
}

impl Policy {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| error.message().to_owned())?;
        let array = |section: &str, name: &str| -> Vec<Value> {
            let value = table.get(section).and_then(|section| section.get(name));
            value.and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let allowed: Vec<_> = array("licenses", "allow")
            .iter()
            .filter_map(text_of)
            .collect();
        if allowed.is_empty() {
            return Err("allows no licence".to_owned());
        }
        let exceptions = array("licenses", "exceptions")
            .iter()
            .filter_map(|entry| {
                let allow = entry.get("allow")?.as_array()?;
                Some((name_of(entry)?, allow.iter().filter_map(text_of).collect()))
            })
            .collect();
        let banned = array("bans", "deny").iter().filter_map(name_of).collect();
        Ok(Self {
            allowed,
            exceptions,
            banned,
        })
    }

    /// What is wrong with a package of this name and licence, if anything is.
    pub(super) fn fault(&self, package: &str, licence: Option<&str>) -> Option<String> {
        if self.banned.iter().any(|name| name == package) {
            return Some(format!("`{package}` is banned"));
        }
        let Some(licence) = licence else {
            return Some(format!("`{package}` names no licence"));
        };
        let allowed = |name: &str| {
            let everywhere = self.allowed.iter().any(|allowed| allowed == name);
            let here = |(for_, names): &(String, Vec<String>)| {
                for_ == package && names.iter().any(|allowed| allowed == name)
            };
            everywhere || self.exceptions.iter().any(here)
        };
        match is_met(licence, &allowed) {
            Ok(true) => None,
            Ok(false) => Some(format!(
                "`{package}` is under `{licence}`, which is not allowed"
            )),
            Err(error) => Some(format!("`{package}` is under `{licence}`: {error}")),
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// cargo-deny takes a name alone, or a table with `name` or `crate`; a version after `@` or `:` is not looked at.
fn name_of(entry: &Value) -> Option<String> {
    let name = entry
        .as_str()
        .or_else(|| entry.get("name")?.as_str())
        .or_else(|| entry.get("crate")?.as_str())?;
    Some(name.split(['@', ':']).next()?.to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) const DENY: &str = "
[licenses]
allow = [\"MIT\", \"Apache-2.0\"]
exceptions = [{ name = \"lightning\", allow = [\"MPL-2.0\"] }]
[bans]
deny = [{ name = \"openssl-sys\" }, \"git2@1\"]
";

    #[test]
    fn a_licence_outside_the_list_is_a_fault() {
        let policy = Policy::read(DENY).expect("a policy");
        assert_eq!(policy.fault("a", Some("MIT OR GPL-3.0-only")), None);
        assert!(policy.fault("a", Some("GPL-3.0-only")).is_some());
        assert!(policy.fault("a", Some("MIT AND")).is_some());
        assert!(policy.fault("a", None).is_some());
    }

    #[test]
    fn an_exception_is_for_its_package_alone() {
        let policy = Policy::read(DENY).expect("a policy");
        assert_eq!(policy.fault("lightning", Some("MPL-2.0")), None);
        assert!(policy.fault("a", Some("MPL-2.0")).is_some());
    }

    #[test]
    fn a_banned_package_is_a_fault() {
        let policy = Policy::read(DENY).expect("a policy");
        assert!(policy.fault("openssl-sys", Some("MIT")).is_some());
        assert!(policy.fault("git2", Some("MIT")).is_some());
    }

    #[test]
    fn a_list_that_allows_nothing_is_refused() {
        assert!(Policy::read("[licenses]\n").is_err());
        assert!(Policy::read("[licenses").is_err());
    }
}
