//! Several servers.

use super::*;

const SECRET: &str = "secret = \"0123456789abcdef\"";
const DATABASE: &str = "[storage]\nurl = \"postgres://workmill@localhost/workmill\"";

#[test]
fn server_with_a_database_and_a_binding_is_one_of_several() {
    let with = |storage: &str, cluster: &str| {
        let config = format!("{storage}\n[cluster]\n{SECRET}\n{cluster}");
        Setup::with_config(&config).load()
    };
    let here = "binding = \"localhost:7421\"";
    assert!(with("", here).membership().is_none(), "in a file");
    assert!(with(DATABASE, "").membership().is_none(), "alone");
    let settings = with(DATABASE, here);
    let membership = settings.membership().unwrap();
    assert_eq!(membership.binding.to_string(), "localhost:7421");
    assert_eq!(membership.address, None);
    let settings = with(DATABASE, "binding = \":7421\"\naddress = \"db1:7421\"");
    let address = settings.membership().unwrap().address;
    assert_eq!(address.unwrap().to_string(), "db1:7421");
}

#[test]
fn what_cannot_work_together_is_refused_with_what_to_do() {
    for (storage, cluster, told) in [
        (
            DATABASE,
            "leader = \"localhost:1\"",
            "remove one of the two",
        ),
        (DATABASE, "binding = \":7421\"", "cluster.address"),
        (DATABASE, "binding = \"0.0.0.0:7421\"", "cluster.address"),
        (DATABASE, "binding = \"[::]:7421\"", "cluster.address"),
        (DATABASE, "address = \"db1:7421\"", "cluster.binding"),
        (
            "",
            "binding = \":7421\"\naddress = \"db1:7421\"",
            "storage.url",
        ),
    ] {
        let config = format!("{storage}\n[cluster]\n{SECRET}\n{cluster}");
        let error = Setup::with_config(&config).error();
        assert!(error.contains(told), "{cluster}: {error}");
    }
}
