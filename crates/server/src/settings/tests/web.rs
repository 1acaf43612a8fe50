//! Who may see the web pages.

use workmill_web::{Role, Secret, hash_password};

use super::*;

fn hash(password: &str) -> String {
    hash_password(password.as_bytes(), [7; 16]).unwrap()
}

fn user(name: &str, role: &str, hash: &str) -> String {
    format!("[[web_user]]\nname = {name:?}\nrole = {role:?}\nhash = {hash:?}\n")
}

#[test]
fn users_of_all_files_come_in_with_their_roles() {
    let hash = hash("x");
    let setup = Setup::with_config(&user("anna", "viewer", &hash))
        .file("20.toml", &user("bob", "admin", &hash));
    let users = setup.load().web.users;
    let users: Vec<_> = users
        .iter()
        .map(|user| (&**user.name(), user.role()))
        .collect();
    assert_eq!(users, [("anna", Role::Viewer), ("bob", Role::Admin)]);
}

#[test]
fn wrong_user_is_refused_with_its_place_and_without_its_hash() {
    let good = hash("x");
    for (config, wrong) in [
        (
            user("a b", "viewer", &good),
            "line 2: web_user.name must be 1 to 64 letters, digits, dots, _, - and @, not \"a b\"",
        ),
        (
            user("anna", "root", &good),
            "line 3: web_user.role must be \"viewer\", \"operator\" or \"admin\", not \"root\"",
        ),
        (
            user("anna", "viewer", "hunter2"),
            "line 4: web_user.hash: is no argon2 hash; make one with workmill hash-password",
        ),
        (
            user("anna", "viewer", &good.replace("t=2", "t=99")),
            "web_user.hash: takes too much to check",
        ),
        (
            user("anna", "viewer", &good) + &user("anna", "admin", &good),
            "line 6: web_user.name: there is one of the same name at",
        ),
        (
            String::from("[[web_user]]\nname = \"anna\"\n"),
            "web_user.role: is missing",
        ),
        (
            String::from("[[web_user]]\nname = 1\n"),
            "line 2: web_user.name must be a text, not an integer",
        ),
    ] {
        let error = Setup::with_config(&config).error();
        assert!(error.contains(wrong), "{wrong}: {error}");
        assert!(!error.contains("hunter2") && !error.contains(&good));
    }
    let more = format!("{}color = 1\n", user("anna", "viewer", &good));
    let warnings = Setup::with_config(&more).warnings();
    assert!(warnings.iter().any(|line| line.contains("web_user.color")));
}

#[test]
fn password_of_all_workers_opens_nothing_where_users_have_names() {
    let known = |config: &str| {
        let setup = Setup::with_config(config).variable("FAKTORY_PASSWORD", "server's");
        let access = setup.load().web_access();
        (access.password.clone(), access.accounts.len())
    };
    let anna = user("anna", "viewer", &hash("x"));
    assert_eq!(known(&anna), (None, 1));
    let both = format!("[web]\npassword = \"own\"\n{anna}");
    assert_eq!(known(&both), (Some(Secret::new("own")), 1));
}

#[test]
fn pages_that_ask_nobody_are_warned_about_when_others_can_reach_them() {
    let warned = |config: &str, binding: &str| {
        let setup = Setup::with_config(config)
            .variable("FAKTORY_PASSWORD", "x")
            .flags(&["-w", binding]);
        let warnings = setup.warnings();
        warnings
            .iter()
            .any(|line| line.starts_with("NO AUTHENTICATION"))
    };
    let off = "[web]\nauthentication = false\n";
    assert!(warned(off, "0.0.0.0:7420"));
    assert!(!warned(off, "127.0.0.1:7420") && !warned(off, ":0"));
    assert!(!warned("", "0.0.0.0:7420"));
}

#[test]
fn proxies_are_addresses_and_networks() {
    let config = "[web]\nproxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\n";
    let access = Setup::with_config(config).load().web_access();
    let inside = "10.1.2.3".parse().unwrap();
    assert!(
        access
            .proxies
            .iter()
            .any(|network| network.contains(inside))
    );
    let error = Setup::with_config("[web]\nproxies = [\"proxy\"]\n").error();
    assert!(
        error.contains("line 2: web.proxies: \"proxy\" is no address"),
        "{error}"
    );
    let many = format!("[web]\nproxies = [{}]\n", "\"::1\",".repeat(101));
    let error = Setup::with_config(&many).error();
    assert!(error.contains("more than 100"), "{error}");
}

#[test]
fn hosts_are_names() {
    let config = "[web]\nhosts = [\"jobs.example.com\"]\n";
    let access = Setup::with_config(config).load().web_access();
    assert_eq!(access.hosts, ["jobs.example.com"]);
    for wrong in ["", "jobs.example.com:7420", "http://jobs", "a b"] {
        let error = Setup::with_config(&format!("[web]\nhosts = [\"{wrong}\"]\n")).error();
        assert!(
            error.contains("web.hosts: ") && error.contains("no name of a host"),
            "{error}"
        );
    }
}

#[test]
fn password_of_the_web_pages_is_that_of_the_server_unless_they_have_one() {
    let known = |setup: Setup| {
        let access = setup.load().web_access();
        access.password.clone()
    };
    let secret = |text: &str| Some(Secret::new(text));
    assert_eq!(known(Setup::new()), None);
    let of_server = || Setup::new().variable("FAKTORY_PASSWORD", "server's");
    assert_eq!(known(of_server()), secret("server's"));
    let own = "[web]\npassword = \"own\"\n";
    assert_eq!(known(Setup::with_config(own)), secret("own"));
    let both = Setup::with_config(own).variable("FAKTORY_PASSWORD", "server's");
    assert_eq!(known(both), secret("own"));
    let file = Setup::new();
    let path = file.config_dir().join("web-password");
    fs::write(&path, " from a file\n").unwrap();
    let config = format!("[web]\npassword = {path:?}\n");
    assert_eq!(known(file.file("20.toml", &config)), secret("from a file"));
    let missing = Setup::with_config("[web]\npassword = \"/nowhere/at/all\"\n").error();
    assert!(missing.contains("named by [web] password"), "{missing}");
}
