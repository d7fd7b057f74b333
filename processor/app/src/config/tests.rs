use super::*;

fn layers(text: &str) -> Layers {
    Layers {
        files: vec![Layer {
            name: "test.toml".to_owned(),
            text: text.to_owned(),
        }],
        ..Layers::default()
    }
}

#[test]
fn the_built_in_layer_is_complete_and_valid() {
    let (config, resolved) = Config::load(&Layers::default()).expect("default configuration");
    assert_eq!(config.sites.len(), 1);
    assert!(resolved.leaves().iter().all(|(_, _, origin)| origin == "default"));
}

#[test]
fn the_policy_of_the_built_in_layer_is_the_default_and_its_faults_are_told_by_key() {
    let (config, _) = Config::load(&Layers::default()).expect("default configuration");
    assert_eq!(config.targets.policy, paceline_targets::Policy::default());
    let text = "[targets.policy]\nband_ppm = -1\nconfirmation = 3\nconfirmations = 9\n";
    let faults = Config::load(&layers(text)).expect_err("faults");
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    for path in [
        "targets.policy.band_ppm",
        "targets.policy.confirmation",
        "targets.policy.confirmations",
    ] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
}

#[test]
fn later_layers_win_and_are_named_as_origin() {
    let mut layers = layers("[log]\npartitions = 3\n[ingest]\nskew_max = \"5m\"\n");
    layers
        .environment
        .insert("PACELINE__LOG__PARTITIONS".to_owned(), "4".to_owned());
    layers.flags.push(("data".to_owned(), "/tmp/elsewhere".to_owned()));
    let (config, resolved) = Config::load(&layers).expect("configuration");
    assert_eq!(config.log.partitions, 4);
    assert_eq!(config.ingest.skew_max, Duration::from_secs(300));
    assert_eq!(config.data, PathBuf::from("/tmp/elsewhere"));
    assert_eq!(
        resolved.origin("log.partitions"),
        "environment PACELINE__LOG__PARTITIONS"
    );
    assert_eq!(resolved.origin("ingest.skew_max"), "test.toml");
    assert_eq!(resolved.origin("data"), "flag");
}

#[test]
fn all_faults_are_reported_at_once_with_path_and_origin() {
    let text = r#"
        default_site = "nowhere"
        [log]
        partitions = 0
        [snapshots]
        checkpoint_bytes = "lots"
        [[sites]]
        site_id = "a"
        zone = "Mars/Olympus"
        currency = "usd"
        week_start = "someday"
    "#;
    let faults = Config::load(&layers(text)).expect_err("faults");
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    for path in [
        "default_site",
        "log.partitions",
        "snapshots.checkpoint_bytes",
        "sites[0].zone",
        "sites[0].currency",
        "sites[0].week_start",
    ] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
    assert!(faults.iter().all(|fault| fault.origin == "test.toml"), "{faults:?}");
}

#[test]
fn unknown_keys_wrong_types_and_missing_keys_are_named_beside_all_other_faults() {
    let text = r#"
        nonsense = 1
        default_site = "zz"
        data = 7
        [log]
        partition = 3
        partitions = "many"
        [query]
        timeout = "soon"
        [[sites]]
        site_id = "a"
        zone = "UTC"
        currency = "USD"
        [[sites]]
        site_id = "b"
        zone = "UTC"
        color = "red"
    "#;
    let faults = Config::load(&layers(text)).expect_err("faults");
    let mut found: Vec<(&str, &str)> = faults
        .iter()
        .map(|fault| {
            let words = fault.message.split([',', ';', ' ']).next().unwrap_or_default();
            (fault.path.as_str(), words)
        })
        .collect();
    found.sort_unstable();
    let expected = [
        ("data", "expected"),
        ("default_site", "`zz`"),
        ("log.partition", "unknown"),
        ("log.partitions", "expected"),
        ("nonsense", "unknown"),
        ("query.timeout", "`soon`"),
        ("sites[1].color", "unknown"),
        ("sites[1].currency", "missing"),
    ];
    assert_eq!(found, expected, "{faults:?}");
}

#[test]
fn a_site_at_fault_is_told_once_and_a_key_of_the_environment_by_its_name() {
    let mut layers = layers("[[sites]]\nsite_id = \"main\"\nzone = \"Mars/Olympus\"\ncurrency = \"USD\"\n");
    layers
        .environment
        .insert("PACELINE__QUERRY__TIMEOUT".to_owned(), "2s".to_owned());
    let faults = Config::load(&layers).expect_err("faults");
    let found: Vec<(&str, &str)> = faults
        .iter()
        .map(|fault| (fault.path.as_str(), fault.origin.as_str()))
        .collect();
    let expected = [
        ("querry", "environment PACELINE__QUERRY__TIMEOUT"),
        ("sites[0].zone", "test.toml"),
    ];
    assert_eq!(found, expected, "{faults:?}");
}

#[test]
fn a_topic_of_ours_and_one_that_is_read_already_are_faults_and_a_mapping_lies_beside_its_file() {
    let text = "[[connections]]\nname = \"a\"\ntopics = [\"calls\", \"paceline.events\"]\nmapping = \"m.toml\"\n\
                [[connections]]\nname = \"b\"\ntopics = [\"paceline.rep-windows\", \"calls\"]\n";
    let faults = Config::load(&layers(text)).expect_err("faults");
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    for (place, word) in [
        ("connections[0].topics", "`paceline.events` is a topic of Paceline"),
        ("connections[1].topics", "`paceline.rep-windows` is a topic of Paceline"),
        ("connections[1].topics", "`calls` is read by the connection `a`"),
    ] {
        assert!(
            told.iter().any(|fault| fault.contains(place) && fault.contains(word)),
            "{word}: {told:?}"
        );
    }
    assert_eq!(told.len(), 3, "{told:?}");

    let mut layers = layers("[[connections]]\nname = \"a\"\ntopics = [\"calls\"]\nmapping = \"m.toml\"\n");
    layers.files[0].name = "/etc/floor/paceline.toml".to_owned();
    let (config, _) = Config::load(&layers).expect("a configuration");
    assert_eq!(config.connections[0].mapping, Some(PathBuf::from("/etc/floor/m.toml")));
}
