//! A file that is mounted on its own is its inode: what replaces it is never seen, by a watcher neither. Bind mounts of the
//! kernel are what Docker makes of `./a.yml:/b.yml`.

use std::process::Command;

/// Runs `script` in a mount namespace of its own, in a fresh directory with `host/app.yml`, which is mounted on its own as
/// `single.yml`; its directory is mounted as `directory`. `None` where such a namespace cannot be made.
fn mounted(script: &str) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let setup = "mkdir host directory && git init -q host && echo old > host/app.yml && touch single.yml \
                 && mount --bind host/app.yml single.yml && mount --bind host directory";
    let all = format!("set -eu\n{setup} || {{ echo no mounts; exit 0; }}\n{script}");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &all])
        .current_dir(dir.path())
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")])
        .output();
    let said = output
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let said = said.filter(|said| !said.contains("no mounts"));
    if said.is_none() {
        eprintln!("not shown here: this machine does not let the tests mount");
    }
    said
}

/// What the two mounts read after `change`: the file's own, then that of its directory.
fn after(change: &str) -> Option<(String, String)> {
    let said = mounted(&format!("{change}\necho \"$(cat single.yml) $(cat directory/app.yml)\""))?;
    let line = said.lines().last().unwrap_or_default().to_owned();
    line.split_once(' ').map(|(single, directory)| (single.to_owned(), directory.to_owned()))
}

#[test]
fn what_replaces_a_file_is_not_seen_through_its_own_mount() {
    let commit = "git -C host -c user.name=a -c user.email=a@b commit -qm";
    let pull = format!(
        "git -C host add app.yml; {commit} one; git clone -q host other; echo new > other/app.yml; \
         git -C other -c user.name=a -c user.email=a@b commit -qam two; git -C host pull -q ../other HEAD"
    );
    for change in ["sed -i s/old/new/ host/app.yml", "echo new > host/x; mv host/x host/app.yml", &pull] {
        let Some(seen) = after(change) else { return };
        assert_eq!(seen, ("old".to_owned(), "new".to_owned()), "{change}");
    }
    // Nor is anything that is written later.
    let seen = after("sed -i s/old/new/ host/app.yml; echo newer > host/app.yml");
    assert_eq!(seen, Some(("old".to_owned(), "newer".to_owned())));
}

#[test]
fn what_is_written_into_a_file_is_seen() {
    for change in
        ["echo new > host/app.yml", "echo new > host/x; cp host/x host/app.yml", "echo new | tee host/app.yml > out"]
    {
        let Some(seen) = after(change) else { return };
        assert_eq!(seen, ("new".to_owned(), "new".to_owned()), "{change}");
    }
}

#[test]
fn a_watcher_hears_nothing_of_the_new_file() {
    // w: written and closed, y: moved in. Both are what a reload waits for.
    let watch = |path: &str| {
        mounted(&format!(
            "busybox inotifyd - {path}:wy > heard 2> errors & watcher=$!\n\
             sleep 0.3\nsed -i s/old/new/ host/app.yml\nsleep 0.3\necho newer > host/app.yml\nsleep 0.3\nkill $watcher\n\
             grep -c . heard || true"
        ))
    };
    let Some(single) = watch("single.yml") else { return };
    assert_eq!(single.lines().last(), Some("0"));
    let directory = watch("directory").unwrap();
    assert_ne!(directory.lines().last(), Some("0"));
}
