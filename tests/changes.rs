//! `--staged` and `--since`: what a change causes, in repositories as the real git leaves them.

use crate::program::{self, Run, finish};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What each script can use. `deploy NAME` writes a workflow of that name, `verify NAME` one that waits for that name:
/// where they differ, `verify.yml` is found.
const WORDS: &str = r#"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HOME="$PWD"
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
new() { git init -q -b main "$@" repo; cd repo; mkdir -p .github/workflows; }
deploy() {
    mkdir -p .github/workflows
    printf 'name: %s\non: push\njobs:\n  ship:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make ship\n' "$1" \
        > "${2:-.github/workflows/deploy.yml}"
}
verify() {
    mkdir -p .github/workflows
    printf 'name: Verify\non:\n  workflow_run:\n    workflows: ["%s"]\n    types: [completed]\njobs:\n  look:\n    runs-on: ubuntu-latest\n    steps:\n      - run: curl --fail https://api.example.com/health\n' "$1" \
        > "${2:-.github/workflows/verify.yml}"
}
mount() {
    printf 'services:\n  web:\n    image: nginx:1.27\n    volumes:\n      - ./%s/app.conf:/etc/nginx/conf.d/app.conf\n' "$1" > compose.yml
}
off() { printf '[lints]\nunknown-workflow = "off"\n' > twiceshy.toml; }
commit() { git add -A; git commit -qm "${1:-more}" "${@:2}"; }
both() { new "$@"; deploy Deploy; verify Deploy; commit first; }
"#;

/// Runs a script with these words in a directory; it ends where the check is to be made.
fn made(directory: &Path, script: &str) -> PathBuf {
    let script = format!("{WORDS}\n{script}\npwd");
    let mut bash = Command::new("bash");
    bash.args(["-euc", &script]).current_dir(directory).env("BASH_ENV", "");
    without_git(&mut bash);
    let run = finish(bash);
    assert_eq!(run.code, 0, "{script}\n{}{}", run.out, run.err);
    PathBuf::from(run.out.lines().last().unwrap())
}

/// These tests may themselves be run by a hook.
fn without_git(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
}

fn check(directory: &Path, args: &str) -> Run {
    let format = if args.contains("--format") { "" } else { "--format json" };
    let args: Vec<&str> = ["check"]
        .into_iter()
        .chain(format.split(' ').filter(|word| !word.is_empty()))
        .chain(args.split_whitespace())
        .collect();
    let mut command = program::command(directory, &args);
    without_git(&mut command);
    finish(command)
}

/// The exit code, and where something is found, or else what is said on standard error.
fn said(run: &Run) -> String {
    if run.code == 2 {
        return format!("2 {}", run.err.lines().next().unwrap_or_default());
    }
    let json = run.json();
    let found = json["diagnostics"].as_array().unwrap().iter().map(|found| {
        let path = found["path"].as_str().unwrap();
        format!(" {}:{}", path.trim_start_matches(".github/workflows/"), found["range"]["start"]["line"])
    });
    let skipped = json["skipped"].as_array().unwrap().iter();
    let skipped =
        skipped.map(|skip| format!(" ({}: {})", skip["path"].as_str().unwrap(), skip["reason"].as_str().unwrap()));
    format!("{}{}", run.code, found.chain(skipped).collect::<String>())
}

/// A sentence, what made the repository, the arguments, what is said.
type Situation = (&'static str, &'static str, &'static str, &'static str);

fn hold(situations: &[Situation]) {
    let wrong: Vec<String> = situations
        .par_iter()
        .filter_map(|(sentence, script, args, expected)| {
            let directory = tempfile::tempdir().unwrap();
            let run = check(&made(directory.path(), script), args);
            let said = said(&run);
            (said != *expected).then(|| format!("{sentence}\n    said {said}\n    not  {expected}\n{}", run.err))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_change_is_told_what_it_causes_and_nothing_else() {
    hold(&[
        (
            "what shows in a file that the commit does not touch is found",
            "both; deploy Ship; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        ("nothing staged causes nothing", "both; deploy Ship", "--staged", "0"),
        (
            "what was there before is not told again",
            "new; deploy Ship; verify Deploy; commit; echo x > notes.md; git add -A",
            "--staged",
            "0",
        ),
        (
            "the index counts, not the work tree: broken there, mended here",
            "both; deploy Ship; git add -A; deploy Deploy",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "the index counts, not the work tree: mended there, broken here",
            "both; deploy Ship; commit; deploy Deploy; git add -A; deploy Ship",
            "--staged",
            "0",
        ),
        (
            "in the first commit everything is new",
            "new; deploy Ship; verify Deploy; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        ("a repository without anything says nothing", "new", "--staged", "0"),
        (
            "lines that move do not make a finding new",
            "new; deploy Ship; verify Deploy; commit; sed -i '1i # one\\n# two' .github/workflows/verify.yml; git add -A",
            "--staged",
            "0",
        ),
        (
            "a line that was edited does not make its finding new",
            "new; deploy Ship; verify Deploy; commit; sed -i 's/\\[\"Deploy\"\\]/[ \"Deploy\" ]  # soon/' .github/workflows/verify.yml; git add -A",
            "--staged",
            "0",
        ),
        (
            "another mistake in the place of an old one is new",
            "new; deploy Ship; verify Deploy; commit; verify Depoly; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "the same mistake a second time is new, once",
            "new; deploy Ship; verify Deploy; commit; verify Deploy .github/workflows/again.yml; git add -A",
            "--staged",
            "1 again.yml:4",
        ),
        (
            "a file that was renamed keeps its findings",
            "new; deploy Ship; verify Deploy; commit; git mv .github/workflows/verify.yml .github/workflows/look.yml",
            "--staged",
            "0",
        ),
        (
            "a file that was renamed and edited keeps its findings",
            "new; deploy Ship; verify Deploy; commit; git mv .github/workflows/verify.yml .github/workflows/look.yml; sed -i 's/name: Verify/name: Look/' .github/workflows/look.yml; git add -A",
            "--staged",
            "0",
        ),
        (
            "a file that was deleted is missing",
            "both; git rm -q .github/workflows/deploy.yml",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "a file that is only here is missing in the commit",
            "both; git rm -q --cached .github/workflows/deploy.yml",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "a file that nobody added is missing in the commit",
            "new; verify Deploy; git add -A; deploy Deploy",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "an added file that git add -N only announced is not in the commit",
            "new; verify Deploy; git add -A; deploy Deploy; git add -N .github/workflows/deploy.yml",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "the executable bit is no change",
            "both; deploy Ship; git commit -qam x; chmod +x .github/workflows/deploy.yml; git add -A",
            "--staged",
            "0",
        ),
        (
            "a link in place of a file is a change",
            "both; mv .github/workflows/deploy.yml ship.yml; ln -s ../../ship.yml .github/workflows/deploy.yml; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "a directory of the repository is a system of its own",
            "both; deploy Ship; mkdir x; touch x/y; git add -A; cd x",
            "--staged",
            "0",
        ),
        (
            "of a file that is named, what touches it",
            "both; deploy Ship; git add -A; echo > notes.md; git add -A",
            "--staged notes.md",
            "0",
        ),
        ("--exit-zero is meant", "both; deploy Ship; git add -A", "--staged --exit-zero", "0 verify.yml:4"),
        (
            "a lint that was not chosen is not run",
            "both; deploy Ship; git add -A",
            "--staged --ignore unknown-workflow",
            "0",
        ),
        (
            "what was not understood before is not listed again",
            "both; printf 'a: [\\n' > compose.yml; commit; echo > notes.md; git add -A",
            "--staged",
            "0",
        ),
        (
            "what is not understood now is listed",
            "both; printf '\\0' > compose.yml; git add -A",
            "--staged",
            "0 (compose.yml: not text: it holds NUL bytes)",
        ),
        (
            "what a configuration turns on was there before",
            "new; off; deploy Ship; verify Deploy; commit; git rm -q twiceshy.toml",
            "--staged",
            "0",
        ),
        ("the staged configuration counts", "both; deploy Ship; off; git add -A; rm twiceshy.toml", "--staged", "0"),
        (
            "outside of git there is nothing to compare with",
            "mkdir x; cd x",
            "--staged",
            "2 error: this is not part of a git repository",
        ),
    ]);
}

#[test]
fn repositories_are_read_in_every_state_that_git_leaves_them_in() {
    hold(&[
        (
            "objects in packs, as deltas",
            "both; for n in $(seq 60); do echo \"- $n\" >> notes.md; done; commit; echo more >> notes.md; deploy Ship; commit; git gc -q --aggressive; deploy Other; git add -A; git repack -q -a -d -f --depth=50",
            "--staged",
            "0",
        ),
        (
            "references in packed-refs",
            "both; git pack-refs --all; deploy Ship; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "objects of another clone",
            "both; cd ..; git clone -q --shared repo other; cd other; deploy Ship; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        ("a detached HEAD", "both; git checkout -q --detach; deploy Ship; git add -A", "--staged", "1 verify.yml:4"),
        (
            "a linked work tree",
            "both; git worktree add -q ../linked -b other; cd ../linked; deploy Ship; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "the main work tree beside a linked one",
            "both; git worktree add -q ../linked -b other; (cd ../linked; deploy Ship; git add -A)",
            "--staged",
            "0",
        ),
        (
            "a submodule is a repository",
            "both; cd ..; git init -q outer; cd outer; git -c protocol.file.allow=always submodule --quiet add ../repo inner; cd inner; deploy Ship; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "another commit of a submodule is another repository's affair",
            "both; cd ..; git init -q outer; cd outer; git -c protocol.file.allow=always submodule --quiet add ../repo inner; commit; cd inner; deploy Ship; git commit -qam x; cd ..; git add -A",
            "--staged",
            "0",
        ),
        (
            "a git directory that stands elsewhere",
            "git init -q -b main --separate-git-dir=elsewhere.git repo; cd repo; deploy Deploy; verify Deploy; commit; deploy Ship; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "a shallow clone has all that a commit needs",
            "both; deploy Deploy; echo > x; commit; cd ..; git clone -q --depth 1 \"file://$PWD/repo\" other; cd other; deploy Ship; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "a sparse checkout",
            "both; mkdir docs; echo > docs/a.md; commit; git sparse-checkout set docs; git rm -q --cached --sparse .github/workflows/deploy.yml",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "a sparse index",
            "both; mkdir docs conf; echo > docs/a.md; echo x > conf/app.conf; commit; git sparse-checkout set --sparse-index docs; test ! -e conf; mount conf; git add compose.yml",
            "--staged",
            "0",
        ),
        ("the same mount of what is not there", "both; mount conf; git add compose.yml", "--staged", "1 compose.yml:5"),
        (
            "a split index",
            "both; git update-index --split-index; deploy Ship; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "an index without git's record of trees",
            "both; git read-tree HEAD; rm .git/index; git add -A; deploy Ship; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "an index of version 4",
            "both; git update-index --index-version 4; deploy Ship; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "conflicts are resolved first",
            "both; git switch -qc other; deploy Ship; git commit -qam x; git switch -q main; deploy Go; git commit -qam y; git merge -q other > ../log || true",
            "--staged",
            "2 error: the index holds conflicts: .github/workflows/deploy.yml",
        ),
        (
            "a merge did not cause what came with a parent",
            "both; git switch -qc other; deploy Ship; git commit -qam x; git switch -q main; echo > x; commit; git merge -q --no-commit --no-ff other",
            "--staged",
            "0",
        ),
        (
            "a merge causes what neither parent had",
            "new; deploy Deploy; commit; git switch -qc other; deploy Ship; git commit -qam x; git switch -q main; verify Deploy; commit; git merge -q --no-commit --no-ff other",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "line ends that git converts are judged as git holds them",
            "both; git config core.autocrlf true; rm .github/workflows/*; git checkout -q .; grep -q $'\\r' .github/workflows/verify.yml; printf 'name: Ship\\r\\non: push\\r\\njobs: {}\\r\\n' > .github/workflows/deploy.yml; git add -A",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "filters are not run: what they made of a file is judged",
            "both; echo '*.yml filter=ship' > .gitattributes; git config filter.ship.clean 'sed s/Deploy/Ship/'; git config filter.ship.smudge 'sed s/Ship/Deploy/'; touch .github/workflows/deploy.yml; git add --renormalize .github/workflows/deploy.yml; git add .gitattributes; grep -q Deploy .github/workflows/deploy.yml",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "a pointer of Git LFS is not its content",
            "both; printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:00\\nsize 12\\n' > seed.sql; git add -A",
            "--staged",
            "0 (seed.sql: its content is in Git LFS; git holds a pointer to it)",
        ),
        (
            "a file whose times tell nothing is compared by its content",
            "both; touch -d @1000000000 .github/workflows/deploy.yml; git add -A; deploy Ahoy12; git add -A; deploy Deploy; touch -d @1000000000 .github/workflows/deploy.yml",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "a pipe in the place of a file is not waited for",
            "both; deploy Ship; git add -A; rm .github/workflows/verify.yml; mkfifo .github/workflows/verify.yml",
            "--staged",
            "1 verify.yml:4",
        ),
        (
            "references as reftable are not read",
            "both --ref-format=reftable",
            "--staged",
            "2 error: this repository keeps its references as reftable, which is not read here",
        ),
        (
            "SHA-256 is not read",
            "both --object-format=sha256",
            "--staged",
            "2 error: this repository uses SHA-256, which is not read here",
        ),
        (
            "a damaged index is said to be damaged",
            "both; printf 'DIRC\\0\\0' > .git/index",
            "--staged",
            "2 error: git's index cannot be read: File is too small even for header with zero entries and smallest hash",
        ),
        (
            "an object that is gone is named by its path",
            "both; deploy Ship; git add -A; id=$(git rev-parse HEAD:.github/workflows/deploy.yml); rm -f .git/objects/${id:0:2}/${id:2}",
            "--staged",
            "2 error: git's object 01068d4d8d1b (.github/workflows/deploy.yml) is not in this clone",
        ),
    ]);
}

#[test]
fn since_compares_the_work_tree_with_where_histories_part() {
    hold(&[
        (
            "what the branch causes is found",
            "both; git switch -qc other; deploy Ship; git commit -qam x",
            "--since main",
            "1 verify.yml:4",
        ),
        ("what is not committed counts", "both; deploy Ship", "--since HEAD", "1 verify.yml:4"),
        (
            "a file that is not added counts",
            "both; verify Deploi .github/workflows/new.yml",
            "--since HEAD",
            "1 new.yml:4",
        ),
        ("nothing changed causes nothing", "new; deploy Ship; verify Deploy; commit", "--since HEAD", "0"),
        (
            "what came to the other branch meanwhile is not this branch's affair",
            "new; deploy Ship; verify Deploy; commit; git switch -qc other; echo > x; commit; git switch -q main; verify Ship; commit; git switch -q other",
            "--since main",
            "0",
        ),
        (
            "what was there before is not told again",
            "new; deploy Ship; verify Deploy; commit; git mv .github/workflows/verify.yml .github/workflows/look.yml; commit; echo > x; commit",
            "--since HEAD~2",
            "0",
        ),
        (
            "a tag, also an annotated one",
            "both; git tag -m one v1; deploy Ship; git commit -qam x",
            "--since v1",
            "1 verify.yml:4",
        ),
        (
            "the start of an id",
            "both; git tag x; deploy Ship; git commit -qam x; git update-ref refs/heads/\"$(git rev-parse --short=9 x)-no\" x",
            "--since @^",
            "1 verify.yml:4",
        ),
        (
            "a branch of a remote",
            "both; cd ..; git clone -q repo other; cd other; deploy Ship; git commit -qam x",
            "--since origin/main",
            "1 verify.yml:4",
        ),
        (
            "the second parent of a merge",
            "both; git switch -qc other; echo > x; commit; git switch -q main; deploy Ship; git commit -qam x; git merge -q -m y other",
            "--since HEAD^2",
            "1 verify.yml:4",
        ),
        (
            "a revision that is none",
            "both",
            "--since nothing",
            "2 error: `nothing` is neither a commit, a branch nor a tag of this repository",
        ),
        (
            "what a shallow clone lacks",
            "both; id=$(git rev-parse HEAD); echo > x; commit; cd ..; git clone -q --depth 1 \"file://$PWD/repo\" other; cd other",
            "--since HEAD~1",
            "2 error: `HEAD~1` is not in this shallow clone",
        ),
        (
            "histories that a shallow clone does not join",
            "both; git switch -qc other; echo > x; commit; git switch -q main; echo > y; commit; cd ..; git clone -q --depth 1 --no-single-branch \"file://$PWD/repo\" clone; cd clone",
            "--since origin/other",
            "2 error: this shallow clone does not hold the commit in which `origin/other` and HEAD part",
        ),
        (
            "histories that have nothing in common",
            "both; git switch -q --orphan other; deploy Ship; commit",
            "--since main",
            "2 error: `main` and HEAD have no common ancestor",
        ),
        (
            "no commit yet",
            "new; deploy Ship; git add -A",
            "--since HEAD",
            "2 error: `HEAD` is neither a commit, a branch nor a tag of this repository",
        ),
        (
            "line ends that git converts are no change",
            "new; deploy Ship; verify Deploy; commit; git config core.autocrlf true; rm .github/workflows/*; git checkout -q .; grep -q $'\\r' .github/workflows/verify.yml; echo > x",
            "--since HEAD",
            "0",
        ),
        (
            "a partial clone without what it would take",
            "both; deploy Ship; git commit -qam x; cd ..; git -C repo config uploadpack.allowFilter true; git clone -q --filter=blob:none \"file://$PWD/repo\" other; cd other",
            "--since HEAD~1",
            "2 error: git's object 01068d4d8d1b (.github/workflows/deploy.yml) is not in this clone",
        ),
    ]);
}

/// A repository whose pre-commit hook is the binary itself.
fn hooked(directory: &Path, script: &str) -> PathBuf {
    let hook = format!(
        "hook=\"$(git rev-parse --path-format=absolute --git-common-dir)/hooks/pre-commit\"\nmkdir -p \"$(dirname \"$hook\")\"\n\
         printf '#!/bin/sh\\nexec \"%s\" check --staged\\n' '{}' > \"$hook\"\nchmod +x \"$hook\"",
        env!("CARGO_BIN_EXE_twiceshy-under-test")
    );
    made(directory, &format!("both\n{hook}\n{script}"))
}

#[test]
fn a_hook_judges_the_index_that_git_prepared() {
    for (sentence, script) in [
        (
            "a bad commit is blocked",
            "deploy Ship; git add -A; ! git commit -qm bad 2> log; grep -q unknown-workflow log",
        ),
        ("a good commit passes", "deploy Ship; verify Ship; git add -A; git commit -qm good"),
        (
            "git commit -a prepares an index of its own",
            "deploy Ship; ! git commit -qam bad 2> log; grep -q unknown-workflow log",
        ),
        (
            "git commit PATH leaves out what else is staged",
            "verify Ship; git add -A; deploy Ship; ! git commit -qm bad .github/workflows/verify.yml 2> log; grep -q unknown-workflow log; git commit -qam good",
        ),
        (
            "git commit PATH takes only that",
            "verify Shop; git add -A; echo > notes.md; git add notes.md; git commit -qm good notes.md",
        ),
        (
            "a linked work tree has an index of its own",
            "git worktree add -q ../linked -b other; cd ../linked; deploy Ship; ! git commit -qam bad 2> log; grep -q unknown-workflow log",
        ),
        (
            "from a directory below",
            "mkdir docs; cd docs; deploy Ship ../.github/workflows/deploy.yml; ! git commit -qam bad 2> log; grep -q unknown-workflow log",
        ),
        (
            "an amended commit is compared with itself",
            "git config core.hooksPath /dev/null; deploy Ship; git commit -qam bad; git config --unset core.hooksPath; echo > notes.md; git add -A; git commit -q --amend -m same",
        ),
        (
            "GIT_DIR and GIT_WORK_TREE say where",
            "mv .git ../bare.git; export GIT_DIR=\"$PWD/../bare.git\" GIT_WORK_TREE=\"$PWD\"; deploy Ship; ! git commit -qam bad 2> log; grep -q unknown-workflow log",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        eprintln!("{sentence}");
        hooked(directory.path(), script);
    }
}

#[test]
fn a_hook_that_checks_another_repository_reads_that_ones_index() {
    let directory = tempfile::tempdir().unwrap();
    let binary = env!("CARGO_BIN_EXE_twiceshy-under-test");
    let script = format!(
        "both; cd ..; mv repo other; both; mkdir -p .git/hooks; printf '#!/bin/sh\\n\"{binary}\" check --staged ../other > ../said; exit 0\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit\n\
         deploy Ship; git commit -qam x; grep -q 'nothing new' ../said"
    );
    made(directory.path(), &script);
}

#[test]
fn every_format_reports_what_is_new_and_only_that() {
    let directory = tempfile::tempdir().unwrap();
    let script = "new; deploy Ship; verify Deploy .github/workflows/old.yml; commit; verify Deploy; git add -A";
    let repository = made(directory.path(), script);
    for format in ["text", "json", "sarif", "github", "gitlab", "junit", "markdown"] {
        let run = check(&repository, &format!("--staged --format {format}"));
        assert_eq!(run.code, 1, "{format}: {}", run.err);
        assert!(run.out.contains("verify.yml") && !run.out.contains("old.yml"), "{format}: {}", run.out);
    }
}

#[test]
fn comments_and_the_configuration_of_the_new_state_hold_for_both() {
    const LOST: &str = "new; printf 'pg_dump a | gzip > b\\n' > a.sh; commit";
    const COMMENT: &str = "# twiceshy: ignore[dump-status-lost] why\\n";
    let on = "printf '[groups]\\ndata-loss = \"error\"\\n' > twiceshy.toml";
    let off = "printf '[groups]\\ndata-loss = \"off\"\\n' > twiceshy.toml";
    let situations = [
        (
            "a comment that goes lets its finding in",
            format!("new; printf '{COMMENT}pg_dump a | gzip > b\\n' > a.sh; commit; sed -i 1d a.sh; git add -A"),
            "1 a.sh:1",
        ),
        (
            "a stale comment is not new",
            format!("new; printf '{COMMENT}true\\n' > a.sh; commit; echo true >> a.sh; git add -A"),
            "0",
        ),
        (
            "a comment becomes stale by the change",
            format!(
                "new; printf '{COMMENT}pg_dump a | gzip > b\\n' > a.sh; commit; printf '{COMMENT}true\\n' > a.sh; git add -A"
            ),
            "1 a.sh:1",
        ),
        (
            "a comment names a lint that finds nothing in such files",
            format!(
                "new; printf 'import os\n' > a.py; echo true > a.sh; commit; printf '{}true\n' > a.sh; git add -A",
                COMMENT.replace("dump-status-lost", "json-dumps-in-json-column")
            ),
            "1 a.sh:1",
        ),
        (
            "a lint that is turned on finds nothing new",
            format!("new; {off}; printf 'pg_dump a | gzip > b\\n' > a.sh; commit; {on}; git add -A"),
            "0",
        ),
        (
            "the index's configuration counts",
            format!("{LOST}; {off}; git add -A; {on}; printf 'true\\npg_dump c | gzip > d\\n' >> a.sh; git add a.sh"),
            "0",
        ),
    ];
    for (sentence, script, expected) in situations {
        hold(&[(sentence, script.leak(), "--staged", expected)]);
    }
}

#[test]
fn a_file_that_is_edited_while_it_is_checked_is_read_as_it_was_staged() {
    let directory = tempfile::tempdir().unwrap();
    let root = made(directory.path(), "new; echo 'echo one' > a.sh; git add -A");
    let change = twiceshy_source::Change::staged(&root, twiceshy_source::Limits::default()).unwrap();
    let file = change.after.file("a.sh").unwrap();
    let read = || change.after.source(file).unwrap().text().to_owned();
    for edit in [None, None, Some("echo two\n"), Some("echo one\n"), Some("e"), Some("echo one\necho two\n"), None] {
        if let Some(text) = edit {
            std::fs::write(root.join("a.sh"), text).unwrap();
        }
        assert_eq!(read(), "echo one\n", "{edit:?}");
        // A tick of the clock that says when a file was written.
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::fs::remove_file(root.join("a.sh")).unwrap();
    assert_eq!(read(), "echo one\n");
}
