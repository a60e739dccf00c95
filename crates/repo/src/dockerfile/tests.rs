//! Dockerfiles and what they mean.

use super::*;
use crate::{Repo, Tree};

fn dockerfile(text: &str) -> Dockerfile {
    let repo = Repo::of(Tree::memory([("Dockerfile", text)]));
    assert_eq!(repo.skipped(), []);
    let tree = &repo.tree;
    let file = tree.file("Dockerfile").unwrap();
    let mut lowered = crate::Lowered::default();
    lower(Input { tree, file, source: &tree.source(file).unwrap(), about: crate::Kinds::ALL }, &mut lowered);
    lowered.dockerfiles.remove(0)
}

fn none(_: &str) -> Option<String> {
    None
}

#[test]
fn a_stage_knows_its_base_through_args_and_earlier_stages() {
    let file = dockerfile(
        "ARG NODE=20\nARG OPEN\nFROM --platform=linux/amd64 node:${NODE}-alpine AS Base\nFROM base AS build\nFROM $OPEN AS open\nFROM scratch\n",
    );
    let base = |name: &str, args: &dyn Fn(&str) -> Option<String>| {
        let stage = file.stage(Some(name)).unwrap();
        file.base_image(stage, args).map(|(image, _)| image.to_string())
    };
    assert_eq!(base("build", &none), Some("node:20-alpine".into()));
    assert_eq!(base("BUILD", &|name| (name == "NODE").then(|| "18".into())), Some("node:18-alpine".into()));
    assert_eq!(base("open", &none), None);
    assert_eq!(base("open", &|_| Some("debian:12".into())), Some("debian:12".into()));
    assert_eq!(file.final_stage().unwrap().base, Base::Scratch);
    assert_eq!(base("3", &none), None);
    assert!(file.stage(Some("nothing")).is_none());
}

#[test]
fn variables_are_known_in_order_and_env_hides_arg() {
    let file = dockerfile(
        "ARG V=1\nFROM a AS one\nARG V\nARG W=w\nENV A=$V B=$A\nENV W=env\nCOPY $W-$A ${UNKNOWN}/x /d/\nWORKDIR /app\nFROM one\nWORKDIR sub\nCOPY $V$A b .\n",
    );
    let copies: Vec<_> = file.stages.iter().flat_map(Stage::copies).map(|(_, copy)| copy).collect();
    assert_eq!(
        copies[0].sources.iter().map(|text| text.value.clone()).collect::<Vec<_>>(),
        [Some("env-1".into()), None]
    );
    assert_eq!(copies[0].dest.as_ref().map(Text::known), Some("/d/"));
    // ARG does not reach the next stage, ENV does.
    assert_eq!(copies[1].sources[0].value, None);
    let dirs = file.steps_of(&file.stages[1]).filter_map(|step| match &step.kind {
        StepKind::Workdir(dir) => dir.value.clone(),
        _ => None,
    });
    assert_eq!(dirs.collect::<Vec<_>>(), ["/app", "/app/sub"]);
    assert_eq!(file.env(&file.stages[1], "A").unwrap().value.as_ref().unwrap().known(), "1");
    // `B=$A` saw A before this instruction.
    assert_eq!(file.env(&file.stages[1], "B").unwrap().value.as_ref().unwrap().value, None);
}

#[test]
fn copies_say_what_they_take_from_the_context() {
    let file = dockerfile(
        "FROM a AS build\nFROM b\nCOPY --from=build /x /y\nCOPY --from=0 /x /y\nCOPY --from=nginx:1 /x /y\nCOPY --exclude=*.md ./src/ /pkg.json <<note ./\nhello\nnote\nADD https://x.org/a.tar /\nCOPY . /app\n",
    );
    let copies: Vec<_> = file.stages[1].copies().map(|(_, copy)| copy).collect();
    assert_eq!(copies[0].from, Some(CopyFrom::Stage(0)));
    assert_eq!(copies[1].from, Some(CopyFrom::Stage(0)));
    assert!(matches!(&copies[2].from, Some(CopyFrom::Other(image)) if image.written == "nginx:1"));
    let paths = |copy: &Copy| copy.context_sources().map(|(_, path)| path).collect::<Vec<_>>();
    assert_eq!(paths(copies[3]), ["src", "pkg.json"]);
    assert!(copies[3].has_heredocs && copies[3].excludes[0].written == "*.md");
    assert!(paths(copies[4]).is_empty());
    assert_eq!(paths(copies[5]), [""]);
}

#[test]
fn installs_are_read_from_run_steps() {
    let file = dockerfile(
        "FROM a AS one\nRUN apk add --no-cache -t .build curl=8 'wget' && apk del git\nFROM one\nRUN apt-get update \\\n  && apt-get install -y --no-install-recommends \\\n  # the probe\n  netcat-openbsd $MORE ; pip install -r r.txt 'uvicorn[standard]>=0.3' ./local\nRUN npm i lodash && npm install -g @scope/tool@1\nRUN <<EOF\nset -e\nDEBIAN_FRONTEND=x apt install -y jq \\\n  yq\nEOF\nCOPY --from=x /usr/bin/curl-static /usr/bin/tini /bin/\n",
    );
    let names: Vec<_> = file.packages(file.final_stage().unwrap()).map(|package| package.name.as_str()).collect();
    assert_eq!(names, ["curl", "wget", "netcat-openbsd", "uvicorn", "@scope/tool", "jq", "yq"]);
    assert!(file.brings(&file.stages[1], "tini") && !file.brings(&file.stages[1], "git"));
}

#[test]
fn a_health_check_is_inherited_and_taken_away() {
    let file = dockerfile(
        "FROM a AS one\nHEALTHCHECK --interval=5s CMD wget -q http://localhost/ \\\n  || exit 1\nFROM one AS two\nFROM two\nHEALTHCHECK NONE\n",
    );
    let check = file.healthcheck(&file.stages[1]).unwrap();
    assert_eq!(check.test.as_ref().unwrap().text(), "wget -q http://localhost/   || exit 1");
    assert_eq!(check.options[0].1.written, "5s");
    assert!(file.healthcheck(&file.stages[2]).unwrap().test.is_none());
}

#[test]
fn commands_are_scripts_that_know_their_shell() {
    use crate::script::{Dialect, Host};
    let text = "FROM a\nRUN echo \\\n  one\nSHELL [\"/bin/bash\", \"-eo\", \"pipefail\", \"-c\"]\nRUN a | b\nCMD [\"sh\", \"-c\", \"exec app\"]\nENTRYPOINT [\"app\"]\nRUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF\nRUN python3 <<EOF\nprint(2)\nEOF\nFROM b\nRUN c\nHEALTHCHECK CMD curl x\n";
    let repo = Repo::of(Tree::memory([("Dockerfile", text)]));
    let seen: Vec<_> = repo.scripts.iter().map(|script| (script.text().to_owned(), script.start.dialect)).collect();
    let row = |text: &str, dialect| (text.to_owned(), dialect);
    assert_eq!(
        seen,
        [
            row("echo   one", Dialect::Sh),
            row("a | b", Dialect::Bash),
            row("exec app", Dialect::Sh),
            row("python3 <<EOF\nprint(2)\nEOF", Dialect::Bash),
            row("c", Dialect::Sh),
            row("curl x", Dialect::Sh),
        ]
    );
    assert_eq!(repo.scripts[5].host, Host::Image { stage: 1, instruction: "HEALTHCHECK".into() });
    let app = repo.scripts[2].commands().next().unwrap();
    assert_eq!(app.place().span().of(text), "exec app");
}

#[test]
fn a_build_makes_the_stages_that_its_target_needs() {
    let file = dockerfile(
        "FROM a AS base\nFROM base AS dev\nCOPY . .\nFROM b AS tools\nFROM base AS build\nRUN --mount=type=bind,from=tools,target=/t make\nFROM c\nCOPY --from=build /x /x\n",
    );
    let needed = |target| file.needed(target).iter().map(|stage| stage.index).collect::<Vec<_>>();
    assert_eq!(needed(None), [0, 2, 3, 4]);
    assert_eq!(needed(Some("dev")), [0, 1]);
    assert!(needed(Some("nothing")).is_empty());
}
