//! What commands say, as scripts write them.

use super::*;
use crate::Repo;
use twiceshy_source::Tree;

fn repo(files: &[(&str, &str)]) -> Repo {
    Repo::of(Tree::memory(files.iter().map(|(path, text)| (*path, *text))))
}

fn script(text: &str) -> Repo {
    repo(&[("run.sh", text)])
}

fn text(arg: &Arg) -> String {
    arg.pattern()
}

/// The runs of a script: image, command, and the options as `name=value`.
fn runs(repo: &Repo) -> Vec<(String, Vec<String>, Vec<String>)> {
    let calls = repo.docker_calls();
    let runs = calls.iter().filter_map(DockerCall::run);
    runs.map(|run| {
        let option = |option: &Opt| match &option.value {
            Some(value) => format!("{}={}", option.name, text(value)),
            None => option.name.clone(),
        };
        let options = run.given.options.iter().map(option).collect();
        (text(&run.image), run.argv.iter().map(text).collect(), options)
    })
    .collect()
}

/// Compose's commands of a script, each as one line: files, verb, options after it, services.
fn composed(repo: &Repo) -> Vec<String> {
    let calls = repo.docker_calls();
    let calls = calls.iter().filter_map(DockerCall::compose);
    calls
        .map(|call| {
            let options: Vec<_> = call.given.options.iter().map(|option| option.name.clone()).collect();
            let files: Vec<_> = call.files().into_iter().map(text).collect();
            let services: Vec<_> = call.services.iter().map(text).collect();
            format!("{} {} {} {}", files.join(" "), call.verb, options.join(" "), services.join(" "))
        })
        .collect()
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn options_of_run_are_told_from_the_image_and_its_command() {
    let repo = script(
        "#!/bin/bash\nTAG=1.2\nsudo docker run -itd --rm --name=web --net app_default -p8080:80 -ve:/x \\\n  --cap-drop ALL \
         --read-only=false -e \"A=$B\" \"org/web:$TAG\" serve -p 80\n",
    );
    let [(image, argv, options)] = &runs(&repo)[..] else { panic!() };
    assert_eq!(image, "org/web:1.2");
    assert_eq!(argv, &strings(&["serve", "-p", "80"]));
    let expected = [
        "--interactive",
        "--tty",
        "--detach",
        "--rm",
        "--name=web",
        "--network=app_default",
        "--publish=8080:80",
        "--volume=e:/x",
        "--cap-drop=ALL",
        "--read-only=false",
        "--env=A=*",
    ];
    assert_eq!(options, &strings(&expected));
    let calls = repo.docker_calls();
    let run = calls[0].run().unwrap();
    assert!(run.is_detached() && run.is_removed() && !run.is_read_only());
    assert_eq!(run.cap_drop()[0].0, "ALL");
}

#[test]
fn mounts_of_run_in_both_forms() {
    let repo = script(
        "docker run -v pg:/var/lib/postgresql/data:ro,z -v \"$PWD/x:/x\" -v \"$VOLUME\":/y -v /anonymous \
         --mount type=bind,src=/srv,dst=/z,readonly --tmpfs /run:size=1m a",
    );
    let calls = repo.docker_calls();
    let mounts = calls[0].run().unwrap().mounts();
    let shown: Vec<_> =
        mounts.iter().map(|mount| (mount.kind, &*mount.source, &*mount.target, mount.read_only)).collect();
    let expected = [
        (RunMountKind::Volume, "pg", "/var/lib/postgresql/data", true),
        (RunMountKind::Bind, "*/x", "/x", false),
        (RunMountKind::Unknown, "*", "/y", false),
        (RunMountKind::Volume, "", "/anonymous", false),
        (RunMountKind::Bind, "/srv", "/z", true),
        (RunMountKind::Tmpfs, "", "/run", false),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn compose_is_found_however_it_is_held() {
    let expected = ["prod.yml up --detach web"];
    for text in [
        "docker compose -f prod.yml up -d web",
        "docker-compose --file=prod.yml up web -d",
        "sudo -E podman-compose -f prod.yml up -d web",
        "DC='docker compose -f prod.yml'\n$DC up -d web",
        "F=prod.yml\nCOMPOSE=\"docker compose -f $F\"\nsudo $COMPOSE up -d web",
        "COMPOSE=(docker compose -f prod.yml)\n\"${COMPOSE[@]}\" up -d web",
        "dc() { docker compose -f prod.yml \"$@\"; }\ndc up -d web",
        "if docker compose version; then C='docker compose'; else C='docker-compose'; fi\n$C -f prod.yml up -d web",
        "ssh host docker compose -f prod.yml up -d web",
        "ssh host 'cd /srv && docker compose -f prod.yml up -d web'",
        "ssh host <<EOF\ndocker compose -f prod.yml up -d web\nEOF",
        "$DOCKER_COMPOSE -f prod.yml up -d web",
        "bash -c 'docker compose -f prod.yml up -d web'",
    ] {
        let repo = script(text);
        let mut calls = composed(&repo);
        calls.retain(|call| call.contains(" up "));
        assert_eq!(calls, expected, "{text}");
    }
    assert!(script("echo docker compose up\n$COMPOSE_FILE up\ncompose up").docker_calls().is_empty());
}

#[test]
fn makefiles_workflows_and_pages_hold_commands_too() {
    let files = [
        ("Makefile", "DC := docker compose -f prod.yml\nup:\n\t@$(DC) up -d web\n"),
        (
            ".github/workflows/a.yml",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: docker compose -f prod.yml up -d web\n",
        ),
        ("README.md", "```console\n$ docker compose -f prod.yml up -d web\n```\n"),
    ];
    for file in files {
        let calls = composed(&repo(&[file]));
        assert_eq!(calls, ["prod.yml up --detach web"]);
    }
}

#[test]
fn containers_and_daemons() {
    let repo = script(
        "docker restart -t 5 web api\ndocker container stop \"$NAME\"\nDOCKER_HOST=unix:///run/user/1000/docker.sock \
         docker exec -it db psql -U app\ndocker --context prod ps\ndocker context use rootless\n",
    );
    let calls = repo.docker_calls();
    let Act::Containers(restart) = &calls[0].act else { panic!() };
    assert_eq!(
        (restart.verb, restart.containers.iter().map(text).collect::<Vec<_>>()),
        (Verb::Restart, strings(&["web", "api"]))
    );
    let Act::Containers(stop) = &calls[1].act else { panic!() };
    assert_eq!((stop.verb, text(&stop.containers[0])), (Verb::Stop, "*".to_owned()));
    let Act::Exec(exec) = &calls[2].act else { panic!() };
    assert_eq!(
        (text(&exec.container), exec.argv.iter().map(text).collect::<Vec<_>>()),
        ("db".to_owned(), strings(&["psql", "-U", "app"]))
    );
    let daemon = calls[2].daemon().unwrap();
    assert_eq!((daemon.kind, text(&daemon.value)), (DaemonKind::Host, "unix:///run/user/1000/docker.sock".to_owned()));
    assert_eq!(calls[3].daemon().map(|daemon| daemon.kind), Some(DaemonKind::Context));
    assert!(matches!(&calls[4].act, Act::UseContext(name) if name.is("rootless")));
}

#[test]
fn what_a_command_of_compose_acts_on() {
    let web = "services:\n  web: {image: a}\n  db: {image: b}\n";
    let at = |path: &str, text: &str| -> Option<Vec<String>> {
        let repo = repo(&[
            (path, text),
            ("compose.yml", web),
            ("deploy/docker-compose.prod.yml", "services:\n  prod: {image: a}\n"),
            ("apps/x/compose.yml", "services:\n  x: {image: a}\n"),
        ]);
        let calls = repo.docker_calls();
        let scope = repo.compose_scope(calls.last()?)?;
        Some(scope.services.iter().map(|(_, service)| service.name.clone()).collect())
    };
    let all = Some(strings(&["web", "db"]));
    assert_eq!(at("run.sh", "docker compose up -d"), all);
    assert_eq!(at("scripts/run.sh", "docker compose up -d web"), Some(strings(&["web"])));
    assert_eq!(at("scripts/run.sh", "docker compose up -d nothing"), Some(Vec::new()));
    assert_eq!(at("apps/x/run.sh", "cd \"$(dirname \"$0\")\"\ndocker compose up"), Some(strings(&["x"])));
    assert_eq!(at("apps/x/README.md", "```sh\ndocker compose up\n```\n"), Some(strings(&["x"])));
    assert_eq!(at("run.sh", "cd apps/x && docker compose up"), Some(strings(&["x"])));
    let prod = Some(strings(&["prod"]));
    for text in [
        "docker compose -f deploy/docker-compose.prod.yml up",
        "cd deploy\ndocker compose -f docker-compose.prod.yml up",
        "HERE=$(dirname \"$0\")\ndocker compose -f \"$HERE/../deploy/docker-compose.prod.yml\" up",
        "docker compose -f /opt/app/deploy/docker-compose.prod.yml up",
        "export COMPOSE_FILE=deploy/docker-compose.prod.yml\ndocker compose up",
        "docker compose --project-directory deploy -f docker-compose.prod.yml up",
    ] {
        assert_eq!(at("scripts/run.sh", text), prod, "{text}");
    }
    for cd in [
        "cd \"$(dirname \"$0\")/..\"",
        "HERE=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")/..\" && pwd)\"\ncd \"$HERE\"",
        "HERE=\"$(dirname \"$0\")\"\nTOP=\"$HERE/..\"\ncd \"$TOP\"",
    ] {
        assert_eq!(at("apps/x/bin/run.sh", &format!("{cd}\ndocker compose up")), Some(strings(&["x"])), "{cd}");
    }
    assert_eq!(at("apps/x/run.sh", "cd \"$(git rev-parse --show-toplevel)\"\ndocker compose up"), all);
    assert_eq!(at("run.sh", "docker compose -f \"$FILE\" up"), None);
    let step = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - working-directory: apps/x\n        run: docker compose up -d\n";
    assert_eq!(at(".github/workflows/a.yml", step), Some(strings(&["x"])));
}

#[test]
fn containers_are_found_by_the_name_that_compose_gives_them() {
    let repo = repo(&[(
        "compose.yml",
        "services:\n  worker: {image: a}\n  api-worker: {image: b}\n  db: {image: c, container_name: main-db}\n",
    )]);
    let of = |name: &str| repo.container_service(name).map(|(_, service)| service.name.as_str());
    assert_eq!(of("main-db"), Some("db"));
    assert_eq!(of("app-worker-1"), Some("worker"));
    assert_eq!(of("app-api-worker-1"), Some("api-worker"));
    assert_eq!(of("app_worker_1"), Some("worker"));
    assert_eq!((of("worker"), of("app-db-1"), of("db")), (None, None, None));
}

#[test]
fn no_word_makes_it_panic() {
    for text in [
        "docker",
        "docker run",
        "docker run -v",
        "docker compose -f",
        "docker compose",
        "docker exec",
        "docker --",
        "docker run --name= -e= -",
    ] {
        let repo = script(text);
        let _ = runs(&repo);
        repo.docker_calls().iter().for_each(|call| drop(repo.compose_scope(call)));
    }
}
