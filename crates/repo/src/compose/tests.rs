//! What a project is: merging, finding, reading, in cases.

use super::*;
use crate::Repo;

/// The only project of a tree.
fn project(files: &[(&str, &str)]) -> (Repo, usize) {
    let repo = Repo::of(Tree::memory(files.iter().copied()));
    let count = repo.projects.len();
    (repo, count)
}

fn check(files: &[(&str, &str)], test: impl FnOnce(&Project)) {
    let (repo, count) = project(files);
    assert_eq!(count, 1, "{:?}", repo.projects.iter().map(|project| &project.files).collect::<Vec<_>>());
    test(&repo.projects[0]);
}

fn names(project: &Project) -> Vec<&str> {
    project.services.iter().map(|service| service.name.as_str()).collect()
}

fn ports(service: &Service) -> Vec<String> {
    let one = |port: &Port| format!("{:?} {:?} {:?} {}", port.address, port.published, port.target, port.protocol);
    service.ports.iter().map(one).collect()
}

#[test]
fn ports_are_read_in_both_forms() {
    let text = "services:\n  a:\n    image: x\n    ports:\n";
    for (port, expected) in [
        ("80", "All Any Some(Ports(80, 80)) tcp"),
        ("\"8080:80\"", "All Ports(Ports(8080, 8080)) Some(Ports(80, 80)) tcp"),
        ("127.0.0.1:8080:80/udp", "One(127.0.0.1) Ports(Ports(8080, 8080)) Some(Ports(80, 80)) udp"),
        ("\"[::1]:8080:80\"", "One(::1) Ports(Ports(8080, 8080)) Some(Ports(80, 80)) tcp"),
        ("127.0.0.1::80", "One(127.0.0.1) Any Some(Ports(80, 80)) tcp"),
        ("3000-3002:4000-4002", "All Ports(Ports(3000, 3002)) Some(Ports(4000, 4002)) tcp"),
        ("3000-3002:80", "All OneOf(Ports(3000, 3002)) Some(Ports(80, 80)) tcp"),
        ("${P:-8080}:80", "All Ports(Ports(8080, 8080)) Some(Ports(80, 80)) tcp"),
        ("${P}:80", "All Unknown Some(Ports(80, 80)) tcp"),
        ("${B:-127.0.0.1:81}:80", "One(127.0.0.1) Ports(Ports(81, 81)) Some(Ports(80, 80)) tcp"),
        ("${B}:8080:80", "Unknown Ports(Ports(8080, 8080)) Some(Ports(80, 80)) tcp"),
        ("{target: 80, published: \"8080\", protocol: UDP}", "All Ports(Ports(8080, 8080)) Some(Ports(80, 80)) udp"),
        ("{target: 80, host_ip: 127.0.0.1}", "One(127.0.0.1) Any Some(Ports(80, 80)) tcp"),
    ] {
        check(&[("compose.yml", &format!("{text}      - {port}\n"))], |project| {
            assert_eq!(ports(&project.services[0]), [expected], "{port}");
        });
    }
}

#[test]
fn addresses_overlap_as_sockets_do() {
    let one = |text: &str| Address::One(text.parse().unwrap());
    assert!(Address::All.overlaps(one("127.0.0.1")) && one("0.0.0.0").overlaps(one("10.0.0.1")));
    assert!(!one("127.0.0.1").overlaps(one("127.0.0.2")) && !one("127.0.0.1").overlaps(one("::")));
    assert!(!Address::Unknown.overlaps(Address::All));
}

#[test]
fn mounts_know_their_kind_and_their_path_in_the_tree() {
    let text = "services:\n  a:\n    image: x\n    volumes:\n      - ./data:/d:ro\n      - vol:/v\n      - /anon\n      - ${D}/db:/e\n      \
                - ../up:/f\n      - C:\\x:/g\n      - {type: bind, source: ./b, target: /h, read_only: true}\n      - ${V:-other}:/i\n    \
                tmpfs: /run:size=1m\n";
    check(&[("dir/compose.yml", text)], |project| {
        let found: Vec<_> = project.services[0]
            .mounts
            .iter()
            .map(|m| {
                format!(
                    "{:?} {:?} {:?} {:?} {}",
                    m.kind,
                    m.source.as_deref(),
                    m.path.as_deref(),
                    m.target.as_deref(),
                    m.read_only
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                "Bind Some(\"./data\") Some(\"dir/data\") Some(\"/d\") true",
                "Volume Some(\"vol\") None Some(\"/v\") false",
                "Volume None None Some(\"/anon\") false",
                "Bind None None Some(\"/e\") false",
                "Bind Some(\"../up\") Some(\"up\") Some(\"/f\") false",
                "Bind Some(\"C:\\\\x\") Some(\"dir/C:\\\\x\") Some(\"/g\") false",
                "Bind Some(\"./b\") Some(\"dir/b\") Some(\"/h\") true",
                "Volume Some(\"other\") None Some(\"/i\") false",
                "Tmpfs None None Some(\"/run\") false",
            ]
        );
    });
}

#[test]
fn an_override_is_merged_over_the_default_file() {
    let base = "services:\n  web:\n    build: ./web\n    command: [a]\n    environment: {A: 1, B: 2}\n    ports: ['80:80']\n    \
                volumes: ['./x:/x', 'data:/data']\n    depends_on: [db]\n    logging: {driver: json-file, options: {max-size: 1m}}\n  \
                db: {image: pg}\nvolumes: {data: }\n";
    let over = "services:\n  web:\n    build: {target: dev}\n    command: [b]\n    environment: ['B=3', 'C=4']\n    \
                ports: ['81:80', '80:80']\n    volumes: ['./y:/x']\n    depends_on:\n      db: {condition: service_healthy}\n      cache:\n        \
                condition: service_started\n    logging: {driver: local}\n  cache: {image: redis}\n";
    check(&[("compose.yml", base), ("compose.override.yml", over)], |project| {
        assert_eq!(names(project), ["web", "db", "cache"]);
        assert_eq!(project.files.len(), 2);
        let web = project.service("web").unwrap();
        let env: Vec<_> =
            web.environment.iter().map(|e| (e.name.as_str(), e.value.as_ref().map(Text::shown))).collect();
        assert_eq!(env, [("A", Some("1")), ("B", Some("3")), ("C", Some("4"))]);
        assert_eq!(web.ports.len(), 2);
        let mounts: Vec<_> = web.mounts.iter().map(|mount| mount.source.as_deref().unwrap()).collect();
        assert_eq!(mounts, ["./y", "data"]);
        let build = web.build.as_ref().unwrap();
        assert_eq!(build.context_path.as_deref(), Some("web"));
        assert_eq!(build.dockerfile_path.as_deref(), Some("web/Dockerfile"));
        assert_eq!(build.target.as_ref().map(Text::shown), Some("dev"));
        assert_eq!(web.command.as_ref().unwrap().argv()[0].text(), "b");
        let waits: Vec<_> = web.depends_on.iter().map(|d| (d.name.as_str(), d.condition, d.long)).collect();
        assert_eq!(waits, [("db", Condition::Healthy, true), ("cache", Condition::Started, true)]);
        assert!(web.value(&["logging", "options"]).is_none());
        let changed = web.variable("B").unwrap().place;
        assert_eq!(project.files[1], changed.file, "a value knows the file that it came from");
    });
}

#[test]
fn what_is_reset_twice_is_taken_away_once() {
    let base = "services:\n  web:\n    image: x\n    command: serve\n    ports: ['80:80']\n";
    // Compose would not start with it, and somebody is typing it.
    let over = "services:\n  web:\n    command: !reset null\n    command: !reset null\n    ports: !reset []\n    ports: !reset []\n";
    check(&[("compose.yml", base), ("compose.override.yml", over)], |project| {
        let web = project.service("web").unwrap();
        assert!(web.image.is_some() && web.command.is_none() && web.ports.is_empty());
    });
}

#[test]
fn reset_and_override_take_away_what_the_base_says() {
    let base = "services:\n  web: {image: x, ports: ['80:80'], environment: {A: 1}, command: a}\n";
    let over =
        "services:\n  web:\n    ports: !override ['81:80']\n    environment: !reset {}\n    command: !reset null\n";
    check(&[("compose.yml", base), ("compose.override.yml", over)], |project| {
        let web = &project.services[0];
        assert_eq!(ports(web), ["All Ports(Ports(81, 81)) Some(Ports(80, 80)) tcp"]);
        assert!(web.environment.is_empty() && web.command.is_none());
    });
}

#[test]
fn a_service_extends_another_of_its_file_or_of_another_file() {
    let common =
        "services:\n  base: {extends: root, build: ./app, environment: {A: 1}}\n  root: {volumes: ['./v:/v']}\n";
    let text = "services:\n  one: {extends: {file: shared/parts.yaml, service: base}, environment: {B: 2}}\n  two: {extends: one}\n  \
                three: {extends: noe, image: x}\n";
    check(&[("compose.yml", text), ("shared/parts.yaml", common)], |project| {
        for name in ["one", "two"] {
            let service = project.service(name).unwrap();
            assert_eq!(service.build.as_ref().unwrap().context_path.as_deref(), Some("shared/app"), "{name}");
            assert_eq!(service.mounts[0].path.as_deref(), Some("shared/v"), "{name}");
            assert_eq!(service.environment.len(), 2, "{name}");
        }
        let broken: Vec<_> = project.broken_extends.iter().map(|(reference, _)| reference.name.as_str()).collect();
        assert_eq!(broken, ["noe"]);
        assert!(project.is_complete);
    });
}

#[test]
fn included_files_bring_their_services_with_paths_and_variables_of_their_own() {
    let text = "include:\n  - infra/db.yaml\n  - path: [other/a.yaml, other/b.yaml]\n    project_directory: .\n    env_file: x.txt\n\
                services:\n  web: {image: 'web:${TAG}', depends_on: [db, a]}\n";
    let db = "services:\n  db: {image: 'pg:${TAG:-1}${V:-}', volumes: ['./data:/d']}\n";
    check(
        &[
            ("compose.yml", text),
            (".env", "TAG=7\n"),
            ("infra/db.yaml", db),
            ("infra/.env", "TAG=8\nV=-alpine\n"),
            ("other/a.yaml", "services:\n  a: {image: 'a:${W}', env_file: [./e]}\n"),
            ("other/b.yaml", "services:\n  a: {user: '1'}\n"),
            ("x.txt", "W=w\n"),
            ("e", "X=1\n"),
        ],
        |project| {
            let image = |name: &str| project.service(name).unwrap().image.as_ref().unwrap().value().map(str::to_owned);
            assert_eq!(image("web").as_deref(), Some("web:7"));
            assert_eq!(image("db").as_deref(), Some("pg:7-alpine"), "the including project's variables are stronger");
            assert_eq!(image("a").as_deref(), Some("a:w"));
            assert_eq!(project.service("db").unwrap().mounts[0].path.as_deref(), Some("infra/data"));
            let a = project.service("a").unwrap();
            assert_eq!(a.user().map(Text::shown), Some("1"));
            assert_eq!(a.env_files[0].path.as_deref(), Some("e"));
            assert!(project.is_complete);
        },
    );
}

#[test]
fn what_cannot_be_found_makes_a_project_incomplete() {
    check(&[("compose.yml", "include: [gone.yml]\nservices: {a: {image: x}}\n")], |project| {
        assert!(!project.is_complete)
    });
    check(&[("compose.yml", "services: {a: {extends: {file: gone.yml, service: b}}}\n")], |project| {
        assert!(!project.is_complete);
    });
}

#[test]
fn a_variant_is_a_project_of_its_own_unless_it_needs_the_default_file() {
    let base = "services: {web: {image: x}, db: {image: pg}}\n";
    let files = |text: &str| {
        let (repo, _) = project(&[("d/compose.yml", base), ("d/compose.prod.yml", text)]);
        let mut all: Vec<_> = repo.projects.iter().map(|project| names(project).join(" ")).collect();
        all.sort_by_key(|names| !names.starts_with("web"));
        all
    };
    assert_eq!(files("services: {api: {image: y}}\n"), ["web db", "api"]);
    assert_eq!(files("services: {web: {restart: always}}\n"), ["web db", "web db"]);
    assert_eq!(files("services: {api: {image: y, depends_on: [db]}}\n"), ["web db", "web db api"]);
    let (repo, _) = project(&[("ci/compose.ci.yml", "services: {web: {restart: 'no'}}\n")]);
    assert!(!repo.projects[0].is_complete);
}

#[test]
fn what_needs_the_default_file_of_a_directory_above_is_merged_over_that_one_and_its_paths_start_there() {
    let base = "services: {web: {image: x}}\nnetworks: {n: }\n";
    let over = "services: {more: {build: ./parts/more, networks: [n], depends_on: [web], volumes: ['./parts/a:/a']}}\n";
    let (repo, _) = project(&[("compose.yml", base), ("parts/more/compose.more.yml", over), ("parts/a", "")]);
    let merged = repo.projects.iter().find(|project| project.files.len() == 2).unwrap();
    assert_eq!((names(merged).join(" ").as_str(), merged.dir.as_str()), ("web more", ""));
    let more = merged.service("more").unwrap();
    assert_eq!(more.build.as_ref().unwrap().context_path.as_deref(), Some("parts/more"));
    assert_eq!(more.mounts[0].path.as_deref(), Some("parts/a"));
    // Its own file has what it needs.
    let (repo, _) = project(&[("compose.yml", base), ("d/compose.yml", "services: {web: {image: y}}\n")]);
    assert!(repo.projects.iter().all(|project| project.files.len() == 1));
}

#[test]
fn a_project_whose_paths_lead_nowhere_from_its_own_directory_starts_at_one_above() {
    let text = "services: {web: {build: ./app, volumes: ['./conf:/conf'], env_file: ./web.env}}\n";
    let dir = |files: &[&str]| {
        let all: Vec<_> =
            [("deploy/x/compose.yml", text)].into_iter().chain(files.iter().map(|file| (*file, ""))).collect();
        project(&all).0.projects[0].dir.clone()
    };
    assert_eq!(dir(&["app/Dockerfile", "conf/a"]), "");
    assert_eq!(dir(&["deploy/app/Dockerfile"]), "deploy/x");
    assert_eq!(dir(&["deploy/app/Dockerfile", "deploy/conf/a"]), "deploy");
    assert_eq!(dir(&["app/Dockerfile", "conf/a", "deploy/x/web.env"]), "deploy/x");
    assert_eq!(dir(&[]), "deploy/x");
}

#[test]
fn a_service_without_image_and_build_is_completed_by_a_file_that_is_not_here() {
    check(&[("compose.yml", "services: {proxy: {environment: {A: b}}, web: {image: x}}\n")], |project| {
        assert!(!project.is_complete);
    });
    let over = "services: {web: {image: x}, proxy: {image: y}}\n";
    check(
        &[("compose.yml", "services: {proxy: {environment: {A: b}}}\n"), ("compose.override.yml", over)],
        |project| {
            assert!(project.is_complete);
        },
    );
}

#[test]
fn anchors_and_merge_keys_are_followed() {
    let text = "x-base: &base\n  image: x\n  environment: &env {A: 1}\nservices:\n  a:\n    <<: *base\n    environment: {<<: *env, B: 2}\n";
    check(&[("compose.yml", text)], |project| {
        let a = &project.services[0];
        assert_eq!(a.image.as_ref().map(Text::raw), Some("x"));
        assert_eq!(a.environment.len(), 2);
    });
}

#[test]
fn commands_and_health_checks_keep_their_form_and_their_places() {
    let text = "services:\n  a:\n    image: x\n    command: sh -c 'echo $$HOME'\n    healthcheck:\n      test: [\"CMD-SHELL\", \"a || b\"]\n      \
                retries: 3\n  b:\n    image: x\n    entrypoint: [/bin/sh, -c]\n    command: [\"x; y\"]\n    healthcheck: {test: [CMD, a, b]}\n  \
                c: {image: x, healthcheck: {disable: true}}\n";
    check(&[("compose.yml", text)], |project| {
        let [a, b, c] = &project.services[..] else { panic!() };
        let script = command::script_of(&a.argv().cloned().collect::<Vec<_>>()).unwrap().clone();
        assert_eq!(script.text(), "echo $HOME");
        let place = script.place(twiceshy_source::Span::new(5, 10));
        assert_eq!(&text[place.range()], "$$HOME");
        let check = a.healthcheck.as_ref().unwrap();
        assert_eq!(check.test.as_ref().unwrap().script().unwrap().text(), "a || b");
        assert_eq!(check.text("retries").map(Text::raw), Some("3"));
        assert_eq!(command::script_of(&b.argv().cloned().collect::<Vec<_>>()).unwrap().text(), "x; y");
        let argv = b.healthcheck.as_ref().unwrap().test.as_ref().unwrap().argv();
        assert_eq!(argv.iter().map(twiceshy_source::Extract::text).collect::<Vec<_>>(), ["a", "b"]);
        assert!(matches!(c.healthcheck.as_ref().unwrap().test.as_ref().unwrap().form, TestForm::None));
    });
}

#[test]
fn names_are_reached_on_shared_networks_only() {
    let text = "services:\n  a: {image: x, networks: [n]}\n  b: {image: x, networks: {n: {aliases: [bee]}}, container_name: box}\n  \
                c: {image: x}\n  d: {image: x, network_mode: 'service:a'}\nnetworks: {n: }\n";
    check(&[("compose.yml", text)], |project| {
        let reached = |from: &str, host: &str| {
            let from = project.service(from).unwrap();
            project.reached(from, host).iter().map(|service| service.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(reached("a", "bee"), ["b"]);
        assert_eq!(reached("d", "box"), ["b"]);
        assert!(reached("c", "b").is_empty());
    });
}

#[test]
fn only_what_compose_reads_is_a_compose_file() {
    for (path, text) in [
        ("compose.yml", "just: text\n"),
        ("chart/templates/compose.yaml", "services: {a: {image: x}}\n"),
        ("k8s/compose.yaml", "apiVersion: v1\nvolumes: {a: }\n"),
    ] {
        let (repo, _) = project(&[(path, text), ("chart/Chart.yaml", "name: x\n")]);
        assert!(repo.compose.is_empty(), "{path}");
    }
}

#[test]
fn loops_and_bombs_end() {
    let text = "include: [b.yml]\nservices:\n  a: {extends: b}\n  b: {extends: a}\n  c: {extends: c}\n";
    check(
        &[
            ("compose.yml", text),
            ("b.yml", "include: [c.yml]\nservices: {z: {image: x}}\n"),
            ("c.yml", "include: [b.yml]\nvolumes: {v: }"),
        ],
        |project| {
            assert_eq!(project.services.len(), 4);
        },
    );
}

#[test]
fn the_shell_in_a_compose_file_is_a_script_that_maps_back() {
    let text = "services:\n  a:\n    image: x\n    entrypoint: [\"/bin/bash\", \"-euc\"]\n    command:\n      - |\n        echo $$A\n        \
                false\n    healthcheck:\n      test: curl -f http://x || exit 1\n  b:\n    image: x\n    command: sh -c 'true; exec y'\n  \
                c: {image: x, command: [run, me]}\n";
    let (repo, _) = project(&[("compose.yml", text)]);
    let found: Vec<_> = repo.scripts.iter().map(|script| (script.text().trim_end(), script.host.clone())).collect();
    let host = |service: &str, key: &str| crate::script::Host::Service { service: service.into(), key: key.into() };
    assert_eq!(
        found,
        [
            ("echo $A\nfalse", host("a", "command")),
            ("curl -f http://x || exit 1", host("a", "healthcheck")),
            ("true; exec y", host("b", "command")),
        ]
    );
    let last = repo.scripts[0].commands().last().unwrap();
    assert_eq!(&text[last.place().range()], "false");
    assert_eq!(repo.scripts[0].start.options.errexit(), Some(true));
}

#[test]
fn files_that_include_each_other_twice_end() {
    let name = |n: usize| if n == 0 { "compose.yml".to_owned() } else { format!("f{n}.yml") };
    let text = |n: usize| format!("include: [f{0}.yml, f{0}.yml]\nservices: {{s{n}: {{image: x}}}}\n", n + 1);
    let repo = Repo::of(Tree::memory((0..40).map(|n| (name(n), text(n)))));
    assert_eq!(repo.projects.len(), 1);
    assert!(!repo.projects[0].is_complete);
}
