//! Patterns and the paths they keep from Docker.

use super::*;
use crate::Repo;
use crate::work::Work;

fn repo(text: &str) -> Repo {
    Repo::of(Tree::memory([(".dockerignore", text), ("Dockerfile", "FROM a\n")]))
}

/// `excluded` and `kept` are paths between spaces.
fn check(text: &str, excluded: &str, kept: &str) {
    let repo = repo(text);
    let ignore = &repo.dockerignores[0];
    for path in excluded.split_whitespace() {
        assert!(ignore.excludes(path), "{text:?} should leave out {path}");
    }
    for path in kept.split_whitespace() {
        assert!(!ignore.excludes(path), "{text:?} should keep {path}");
    }
}

#[test]
fn patterns_are_anchored_at_the_root_of_the_context() {
    check("node_modules", "node_modules node_modules/a/b", "web/node_modules node_modules2 a/node_modules/b");
    check("*.log\n.env", "a.log .env", "x/a.log x/.env a.logs .env.example");
    check("**/node_modules", "node_modules web/node_modules a/b/node_modules/c", "xnode_modules web/xnode_modules");
    check("**/*.log", "a.log x/a.log x/y/.log", "a.log.1");
    check("*/dist", "web/dist web/dist/a", "dist a/b/dist");
    check("src/**/test", "src/test src/a/test src/a/b/test/c", "test src/atest");
}

#[test]
fn slashes_dots_and_spaces_around_a_pattern_mean_nothing() {
    for text in ["/dist", "./dist", "dist/", "  dist  ", "a/../dist", "dist\r\n", "/./dist//"] {
        check(text, "dist dist/a", "x/dist dists");
    }
    check("a/**", "a/b a/b/c", "a ab");
    check("**", "a a/b", "");
    check(".", "", "a");
}

#[test]
fn comments_stand_on_lines_of_their_own() {
    check(".env # secret", "", ".env");
    check("# .env\n #x", "#x", ".env");
}

#[test]
fn the_last_line_that_matches_decides() {
    check("dist\n!dist/keep.js", "dist dist/a", "dist/keep.js");
    check("!readme.md\n*.md", "readme.md a.md", "a.txt");
    check(
        "*\n!src\n!package.json\nsrc/**/*.test.ts",
        "Dockerfile x/y src/a/b.test.ts src/b.test.ts",
        "src src/a.ts package.json",
    );
    check("! a\n**\n! a", "b", "a");
    check("*.md\n!README*.md\nREADME-secret.md", "a.md README-secret.md", "README.md README-x.md");
}

#[test]
fn wildcards_stay_within_a_directory() {
    check("a?c", "abc", "a/c ac abbc");
    check("a*c", "ac abbc", "a/c");
    check("[ab].txt\n[^c].md\n[x-z]\\?", "a.txt b.txt a.md y?", "c.txt c.md ya");
    check("[!a].md", "!.md a.md", "b.md");
    check("**foo", "foo xfoo a/foo a/xfoo", "foox");
    check("**/.git/**", ".git/config a/.git/x", ".git .gitignore");
    check("temp?\n*/temp*\n*/*/temp*", "tempa x/temporary.txt x/y/tempo", "temp x/y/z/temp");
}

#[test]
fn what_docker_refuses_is_a_flaw() {
    assert_eq!(repo("[a\n").skipped().len(), 1);
    assert_eq!(repo("!\n").skipped().len(), 1);
    assert_eq!(repo("*\n!a[b]c\n").skipped().len(), 0);
}

#[test]
fn a_directory_is_left_out_whole_only_if_nothing_in_it_comes_back() {
    let all = |text: &str, path: &str| repo(text).dockerignores[0].excludes_all_below(path);
    assert!(all("node_modules", "node_modules"));
    assert!(all("**/node_modules\n!src", "web/node_modules"));
    assert!(!all("data\n!data/seed.db", "data"));
    assert!(!all("data\n!**/*.sql", "data"));
    assert!(all("!data/seed.db\ndata", "data"));
    assert!(!all("x", "data"));
}

#[test]
fn the_ignore_file_named_after_the_dockerfile_wins() {
    let repo = Repo::of(Tree::memory([
        (".dockerignore", "a"),
        ("docker/Dockerfile", "FROM a\n"),
        ("docker/Dockerfile.dockerignore", "b"),
        ("web/Dockerfile", "FROM a\n"),
        ("web/.dockerignore", "c"),
    ]));
    let used = |dockerfile: &str, dir: &str| {
        repo.dockerignore(repo.tree.file(dockerfile).unwrap(), dir).map(|ignore| repo.tree.path(ignore.file))
    };
    assert_eq!(used("docker/Dockerfile", ""), Some("docker/Dockerfile.dockerignore"));
    assert_eq!(used("web/Dockerfile", ""), Some(".dockerignore"));
    assert_eq!(used("web/Dockerfile", "web"), Some("web/.dockerignore"));
    assert_eq!(used("web/Dockerfile", "docker"), None);
}

#[test]
fn hostile_patterns_take_bounded_time() {
    let text = format!("{}b\n{}c", "**/a*".repeat(300), "*a".repeat(300));
    let work = Work::of("thread-self");
    assert!(!repo(&text).dockerignores[0].excludes(&"a/".repeat(200)));
    assert!(work.done().as_secs() < 5, "{:?}", work.done());
}
