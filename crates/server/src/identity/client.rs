//! From where and with what somebody comes.

use crate::portal::Lang;

/// Somebody's end of the connection.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The network address.
    pub address: String,
    /// Browser and system as people name them, such as `Firefox, Windows`; empty when it does not tell.
    pub browser: String,
    /// In which language its pages are shown, where somebody reads them.
    pub lang: Option<Lang>,
}

/// Browsers by what only they, or those before them in this list, write.
const BROWSERS: [(&str, &str); 7] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari/", "Safari"),
];
/// Systems, likewise.
const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// What a `User-Agent` says, in names that people know. No more of it is kept.
pub(crate) fn browser_of(user_agent: &str) -> String {
    let known = |list: &[(&str, &'static str)]| {
        let found = list.iter().find(|(mark, _)| user_agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    let parts: Vec<&str> = [known(&BROWSERS), known(&SYSTEMS)]
        .into_iter()
        .flatten()
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_as_people_name_them() {
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
            Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(browser_of(windows), "Chrome, Windows");
        assert_eq!(browser_of(&format!("{windows} Edg/140.0")), "Edge, Windows");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
            Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(browser_of(phone), "Safari, iPhone");
        assert_eq!(browser_of("curl/8.5 <b>"), "");
    }
}
