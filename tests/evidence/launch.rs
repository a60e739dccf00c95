//! What an image's server does when its container denies it something: capabilities, a file system to write to, a mount where it keeps
//! its data. The kernel does the denying, as it does for a container engine.

use std::path::Path;
use std::process::{Command, Output};

/// Runs a script as root in a fresh directory that everybody may enter; `None` where the tests are not root or a tool is missing.
fn as_root(tools: &[&str], script: &str) -> Option<String> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let found = |tool: &&str| Command::new("which").arg(tool).output().is_ok_and(|output| output.status.success());
    if !is_root || !tools.iter().all(found) {
        eprintln!("not shown here: this takes root and {}", tools.join(", "));
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), &format!("chmod 755 .\n{script}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if said.contains("no namespace") {
        eprintln!("not shown here: this machine does not let the tests mount");
        return None;
    }
    Some(said)
}

fn run(directory: &Path, script: &str) -> Output {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    Command::new("sh").args(["-c", script]).current_dir(directory).env("PATH", path).output().unwrap()
}

/// nginx' master as root, its worker as `nobody`, all that it writes below the current directory.
const NGINX: &str = r#"
cat > nginx.conf <<END
user nobody nogroup;
worker_processes 1;
pid $PWD/run/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path $PWD/cache/body; proxy_temp_path $PWD/cache/proxy; fastcgi_temp_path $PWD/cache/fastcgi;
  uwsgi_temp_path $PWD/cache/uwsgi; scgi_temp_path $PWD/cache/scgi;
  server { listen unix:$PWD/run/web; return 200 served; }
}
END
mkdir -p run cache
serves() {
  "$@" nginx -e stderr -c "$PWD/nginx.conf" -g 'daemon off;' 2> log &
  pid=$!
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    curl -s -m 1 --unix-socket run/web http://x/ && break
    kill -0 $pid 2> /dev/null || break
    grep -q 'cannot be respawned' log && break
    sleep 0.1
  done
  kill -0 $pid 2> /dev/null && echo " running" || echo " ended"
  kill $pid 2> /dev/null
  wait $pid 2> /dev/null
  cat log
  rm -rf cache/* run/* 2> /dev/null
}
"#;

#[test]
fn nginx_needs_three_capabilities() {
    let with = |caps: &str| {
        let script = format!("{NGINX}\nserves setpriv --bounding-set=-all{caps} --inh-caps=-all --");
        as_root(&["nginx", "curl", "setpriv"], &script)
    };
    let Some(said) = with("") else { return };
    assert!(
        said.contains("ended") && said.contains("chown(") && said.contains("(1: Operation not permitted)"),
        "{said}"
    );
    let said = with(",+chown").unwrap();
    assert!(said.contains("running") && !said.contains("served"), "the master stays, the port is dead: {said}");
    assert!(said.contains("setgid("), "{said}");
    let said = with(",+chown,+setgid,+setuid").unwrap();
    assert!(said.contains("served running"), "{said}");
}

#[test]
fn nginx_writes_a_pid_file_and_temporary_directories() {
    // The namespace of mounts ends with the command.
    let with = |writable: &str| {
        let mounts = format!(
            "mount --bind . . 2> /dev/null && cd \"$PWD\" && for d in {writable}; do mount -t tmpfs none $d; done \
             && mount -o remount,ro,bind . || {{ echo no namespace; exit 0; }}"
        );
        // The configuration is written before, the log elsewhere.
        let script = format!(
            "{NGINX}\ncat > inner.sh <<'END'\n{mounts}\ntimeout 1 nginx -e stderr -c \"$PWD/nginx.conf\" -g 'daemon off;' 2>&1; echo status $?\nEND\n\
             unshare --mount sh ./inner.sh || echo no namespace"
        );
        as_root(&["nginx", "unshare", "timeout"], &script)
    };
    let Some(said) = with("run") else { return };
    assert!(said.contains("mkdir()") && said.contains("(30: Read-only file system)"), "{said}");
    let said = with("cache").unwrap();
    assert!(said.contains("(30: Read-only file system)"), "{said}");
    let said = with("run cache").unwrap();
    assert!(said.contains("status 124"), "it runs until it is stopped: {said}");
}

#[test]
fn what_entrypoints_do_as_root_takes_a_capability_each() {
    let script = r#"
mkdir data && chown 999 data && chmod 700 data && touch own
with() { caps=$1; shift; setpriv --bounding-set=-all$caps --inh-caps=-all -- "$@" > said 2>&1 && echo "ok $caps" || echo "denied $caps: $(head -1 said)"; }
for caps in "" ",+chown"; do with "$caps" chown 999 own; done
for caps in "" ",+dac_override"; do with "$caps" find data ! -user 999; done
for caps in "" ",+fowner"; do with "$caps" chmod 00700 data; done
for caps in ",+setgid" ",+setuid,+setgid"; do with "$caps" setpriv --reuid=999 --regid=999 --clear-groups true; done
for caps in ",+setuid" ",+setuid,+setgid"; do with "$caps" setpriv --reuid=999 --regid=999 --clear-groups true; done
"#;
    let Some(said) = as_root(&["setpriv"], script) else { return };
    let verdicts: Vec<&str> = said.lines().map(|line| line.split([' ', ':']).next().unwrap_or_default()).collect();
    assert_eq!(verdicts, ["denied", "ok", "denied", "ok", "denied", "ok", "denied", "ok", "denied", "ok"], "{said}");
}

#[test]
fn a_program_file_that_carries_a_capability_is_not_run_without_it() {
    let script = r#"
cp /bin/true server && setcap cap_net_bind_service=+ep server || echo no namespace
setpriv --bounding-set=-all --inh-caps=-all -- ./server 2>&1 && echo ran
setpriv --bounding-set=-all,+net_bind_service --inh-caps=-all -- ./server 2>&1 && echo ran with it
"#;
    let Some(said) = as_root(&["setpriv", "setcap"], script) else { return };
    assert!(said.contains("Operation not permitted"), "{said}");
    assert!(!said.lines().any(|line| line == "ran") && said.contains("ran with it"), "{said}");
}

#[test]
fn what_is_mounted_below_hides_what_is_mounted_above() {
    // Docker mounts an anonymous volume at every VOLUME of an image, below what a service mounts above it.
    let script = r#"
mkdir -p volume anonymous container/data/db
cat > inner.sh <<'END'
mount --bind volume container/data && mkdir -p container/data/db && mount --bind anonymous container/data/db || { echo no namespace; exit 0; }
echo rows > container/data/db/table
END
unshare --mount sh ./inner.sh || echo no namespace
ls volume/db anonymous
"#;
    let Some(said) = as_root(&["unshare"], script) else { return };
    assert_eq!(said.split_whitespace().collect::<Vec<_>>(), ["anonymous:", "table", "volume/db:"], "{said}");
}

#[test]
fn an_answer_of_401_fails_a_check_that_asks_without_credentials() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or_default();
            let is_known = String::from_utf8_lossy(&request[..read]).contains("Authorization: Basic YTpi");
            let status = if is_known { "200 OK" } else { "401 Unauthorized" };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let passes = |check: &str| run(directory.path(), &check.replace("PORT", &port.to_string())).status.success();
    assert!(!passes("curl -fsS http://127.0.0.1:PORT/api"));
    assert!(!passes("busybox wget -q -O /dev/null http://127.0.0.1:PORT/api"));
    assert!(passes("curl -sS http://127.0.0.1:PORT/api"));
    assert!(passes("curl -fsS -u a:b http://127.0.0.1:PORT/api"));
    assert!(passes("busybox wget -q -O /dev/null --header 'Authorization: Basic YTpi' http://127.0.0.1:PORT/api"));
}

#[test]
fn busybox_has_the_applets_that_the_table_says() {
    let table = std::fs::read_to_string(crate::harness::top().join("crates/repo/knowledge/images.toml")).unwrap();
    let (_, list) = table.split_once("busybox-applets = [").unwrap();
    let (list, _) = list.split_once(']').unwrap();
    let directory = tempfile::tempdir().unwrap();
    let has = String::from_utf8(run(directory.path(), "busybox --list").stdout).unwrap();
    let has: Vec<&str> = has.lines().collect();
    // Debian builds BusyBox without these, Alpine with them.
    let missing: Vec<&str> =
        list.split(',').map(|name| name.trim().trim_matches('"')).filter(|name| !has.contains(name)).collect();
    assert!(
        missing.iter().all(|name| matches!(*name, "netstat" | "pgrep" | "pidof" | "telnet" | "nslookup")),
        "{missing:?}"
    );
    assert!(!has.contains(&"curl") && !has.contains(&"bash"));
}
