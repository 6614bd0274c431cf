//! What holds for every page.

use super::preferences::local_path;

#[test]
fn only_paths_on_this_site_are_gone_back_to() {
    for good in ["/", "/desktops", "/users?q=a&page=2"] {
        assert_eq!(local_path(good), good);
    }
    for bad in [
        "",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "desktops",
        "/a\r\nb",
        "/a\\b",
    ] {
        assert_eq!(local_path(bad), "/", "{bad:?}");
    }
}
