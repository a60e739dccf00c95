//! What commands are read to do to what, in a small repository.

use super::{Effect, Object, Site};
use crate::{Repo, Tree};

const COMPOSE: &str = "name: shop
services:
  db:
    image: postgres:16
    container_name: shop-db
    volumes: [pgdata:/var/lib/postgresql/data]
  cache:
    image: redis:7
    volumes: [./data/redis:/data]
volumes: {pgdata: {}}
";

/// What a script does, a line for each effect: `deed program objects < from > into @ site`.
fn told(text: &str) -> Vec<String> {
    let repo = Repo::of(Tree::memory([("compose.yml", COMPOSE), ("run.sh", text)]));
    let script = repo.scripts.iter().find(|script| repo.tree.path(script.file) == "run.sh").unwrap();
    let run = repo.run_of(script).unwrap();
    let one = |object: &Object| {
        let outside = object.outside.as_ref().map(|outside| format!("={:?}:{}", outside.kind, outside.pattern()));
        format!("{:?}:{}{}", object.kind, object.patterns().join("|"), outside.unwrap_or_default())
    };
    let list = |sign: &str, objects: &[Object]| match objects {
        [] => String::new(),
        objects => format!(" {sign}{}", objects.iter().map(one).collect::<Vec<_>>().join(",")),
    };
    let tell = |effect: &Effect| {
        let site = match &effect.site {
            Site::Here => String::new(),
            Site::Machine(host) => format!(" @machine {}", host.pattern()),
            Site::Container(container) => format!(" @container {}", container.name.pattern()),
            Site::Image => " @image".to_owned(),
        };
        let (what, from, into) = (list("", &effect.objects), list("< ", &effect.from), list("> ", &effect.into));
        format!("{:?} {}{what}{from}{into}{site}", effect.deed, effect.program)
    };
    run.effects().iter().map(tell).collect()
}

#[test]
fn commands_are_read_for_what_they_do_to_what() {
    let table: &[(&str, &[&str])] = &[
        ("pg_dump -h db app > app.sql", &["Dump pg_dump Database:app > Path:app.sql"]),
        ("pg_dump -Fc -f app.dump app", &["Dump pg_dump Database:app > Path:app.dump"]),
        ("pg_dump app | gzip > app.sql.gz", &["Dump pg_dump Database:app > Path:app.sql.gz"]),
        ("{ pg_dump app; } > a.sql", &["Dump pg_dump Database:app > Path:a.sql"]),
        (
            "docker exec shop-db pg_dump -U app app > /backup/app.sql",
            &["Dump pg_dump Database:app > Path:/backup/app.sql @container shop-db"],
        ),
        (
            "docker compose exec -T db pg_dumpall -U postgres | gzip > all.gz",
            &["Dump pg_dumpall Database: > Path:all.gz @container db"],
        ),
        (
            "COMPOSE=\"docker compose -f compose.yml\"\n$COMPOSE exec -T db pg_dump app > a.sql",
            &["Dump pg_dump Database:app > Path:a.sql @container db"],
        ),
        ("ssh backup 'pg_dump app' > a.sql", &["Dump pg_dump Database:app @machine backup"]),
        ("sudo -u postgres nice -n 5 pg_dump app > a.sql", &["Dump pg_dump Database:app > Path:a.sql"]),
        ("psql app < dump.sql", &["Restore psql Database:app < Path:dump.sql"]),
        ("psql -d app -f dump.sql", &["Restore psql Database:app < Path:dump.sql"]),
        ("gunzip -c dump.gz | psql app", &["Restore psql Database:app < Path:dump.gz"]),
        ("psql -c 'SELECT 1' app", &[]),
        ("psql -c 'drop  DATABASE app'", &["Destroy psql Database:"]),
        ("echo 'DROP DATABASE app;' | psql", &["Destroy psql Database:", "Restore psql Database:"]),
        ("pg_restore -l app.dump", &["Verify pg_restore Path:app.dump"]),
        ("pg_restore -d app app.dump", &["Restore pg_restore Database:app < Path:app.dump"]),
        ("docker volume rm shop_pgdata", &["Destroy docker Volume:shop_pgdata"]),
        ("for v in a b; do docker volume rm shop_$v; done", &["Destroy docker Volume:shop_a|shop_b"]),
        ("wipe() { docker volume rm \"$1\"; }\nwipe shop_pgdata", &["Destroy docker Volume:shop_pgdata"]),
        ("docker compose down -v", &["Stop compose Project:", "Destroy compose Volume:"]),
        ("docker-compose -p shop down --volumes", &["Stop compose Project:shop", "Destroy compose Volume:"]),
        ("docker compose stop db", &["Stop compose Service:db"]),
        ("docker compose up -d", &["Start compose Project:"]),
        ("docker stop -t 30 shop-db cache", &["Stop docker Container:shop-db,Container:cache"]),
        ("podman restart web", &["Restart podman Container:web"]),
        (
            "docker run --rm -v shop_pgdata:/from:ro -v /backup:/to alpine cp -a /from/. /to/pg",
            &[
                "Run docker",
                "Copy cp Path:/from/.=Volume:shop_pgdata < Path:/from/.=Volume:shop_pgdata > Path:/to/pg=Path:/backup/pg @container ",
            ],
        ),
        (
            "docker run --rm -v shop_pgdata:/d alpine sh -c 'rm -rf /d/*'",
            &["Run docker", "Delete rm Path:/d/*=Volume:shop_pgdata @container "],
        ),
        ("rm -rf \"$HOME/data\" old", &["Delete rm Path:*/data,Path:old"]),
        ("find /backup -name '*.gz' -mtime +7 -delete", &["Delete find Path:/backup"]),
        ("find /backup -mtime +7 -exec rm {} +", &["Delete find Path:/backup"]),
        ("ls | xargs -r rm -f", &["Delete rm"]),
        ("tar czf /backup/a.tgz -C /srv data", &["Copy tar Path:data < Path:data > Path:/backup/a.tgz"]),
        ("tar -xzf a.tgz -C /srv", &["Unpack tar Path:/srv < Path:a.tgz > Path:/srv"]),
        ("gzip -t a.gz", &["Verify gzip Path:a.gz"]),
        ("[ -s a.gz ] || exit 1", &["Verify [ Path:a.gz"]),
        (
            "rsync -a --delete ./ root@host:/srv/app/",
            &["Sync rsync Remote:root@host:/srv/app/ < Path:./ > Remote:root@host:/srv/app/"],
        ),
        ("rsync -an --delete a/ b/", &[]),
        ("aws s3 cp a.gz s3://backups/a.gz", &["Upload aws Path:a.gz < Path:a.gz > Remote:s3://backups/a.gz"]),
        ("rclone sync /backup offsite:b", &["Sync rclone Remote:offsite:b < Path:/backup > Remote:offsite:b"]),
        ("rclone delete offsite:b --min-age 7d", &["Delete rclone Remote:offsite:b"]),
        (
            "pg_dump app | aws s3 cp - s3://b/a.sql",
            &["Dump pg_dump Database:app > Remote:s3://b/a.sql", "Upload aws > Remote:s3://b/a.sql"],
        ),
        ("chown -R 1000:1000 ./data", &["Own chown Path:./data"]),
        ("pg_resetwal -f /var/lib/postgresql/data", &["Reset pg_resetwal Path:/var/lib/postgresql/data"]),
        (
            "kubectl -n app delete pvc data-0",
            &["Destroy kubectl Resource:data-0", "Delete kubectl Resource:pvc,Resource:data-0"],
        ),
        ("flyctl volumes destroy vol_1 --yes", &["Destroy flyctl App:vol_1"]),
        ("redis-cli -n 1 FLUSHDB", &["Destroy redis-cli Database:"]),
        ("sqlite3 app.db '.backup copy.db'", &["Dump sqlite3 Database:app.db"]),
        ("mysqldump --result-file=a.sql shop", &["Dump mysqldump Database:shop > Path:a.sql"]),
        ("mysql shop < a.sql", &["Restore mysql Database:shop < Path:a.sql"]),
        ("systemctl restart docker", &["Restart systemctl Unit:docker"]),
        ("terraform destroy -auto-approve", &["Destroy terraform Resource:"]),
        ("git clean -fdx", &["Delete git Path:."]),
        ("git clean -nfdx", &[]),
        ("curl -X DELETE https://api/x", &["Delete curl Remote:https://api/x"]),
        ("alembic upgrade head", &["Migrate alembic Database:"]),
        ("echo docker volume rm shop_pgdata", &[]),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in table {
        let told = told(text);
        if told != *expected {
            wrong.push(format!("{text}\n  {told:?}\n  {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_acted_on_has_owners() {
    let owners = |text: &str| -> Vec<String> {
        let repo = Repo::of(Tree::memory([("compose.yml", COMPOSE), ("run.sh", text)]));
        let script = repo.scripts.iter().find(|script| repo.tree.path(script.file) == "run.sh").unwrap();
        let run = repo.run_of(script).unwrap();
        let effect = run.effects().last().unwrap();
        let owners = effect.objects.iter().flat_map(|object| repo.owners(&run, effect, object));
        owners
            .map(|owner| {
                let data = if owner.is_database(&repo) { " database" } else { "" };
                let sure = if owner.is_sure { "" } else { "?" };
                format!("{}{sure} {:?}{data}", owner.service.name, owner.tie)
            })
            .collect()
    };
    assert_eq!(owners("docker volume rm shop_pgdata"), ["db Same database"]);
    assert_eq!(owners("docker volume rm \"$(basename \"$PWD\")_pgdata\""), ["db? Same database"]);
    assert_eq!(owners("docker volume rm other_pgdata"), [""; 0]);
    assert_eq!(owners("docker compose down -v"), ["db Same database"]);
    assert_eq!(owners("docker run --rm -v shop_pgdata:/d alpine rm -rf /d/base"), ["db Same database"]);
    assert_eq!(owners("docker exec shop-db rm -rf /var/lib/postgresql/data/base"), ["db Inside database"]);
    assert_eq!(owners("rm -rf data/redis"), ["cache Same"]);
    assert_eq!(owners("rm -rf data"), ["cache Around"]);
    assert_eq!(owners("rm -rf /opt/shop/data/redis/*"), ["cache? Same"]);
    assert_eq!(owners("rm -rf logs"), [""; 0]);
    assert_eq!(owners("docker stop shop-db"), ["db Around database"]);
}

#[test]
fn a_deed_is_saved_only_by_a_success_on_every_way() {
    let saved = |text: &str| {
        let repo = Repo::of(Tree::memory([("compose.yml", COMPOSE), ("run.sh", text)]));
        let script = repo.scripts.iter().find(|script| repo.tree.path(script.file) == "run.sh").unwrap();
        let run = repo.run_of(script).unwrap();
        let destroy = run.effects().iter().find(|effect| effect.deed == super::Deed::Destroy).unwrap();
        run.saved_before(destroy, |effect| effect.deed == super::Deed::Dump)
    };
    assert!(!saved("pg_dump app > a.sql\ndocker compose down -v"));
    assert!(saved("set -e\npg_dump app > a.sql\ndocker compose down -v"));
    assert!(saved("pg_dump app > a.sql || exit 1\ndocker compose down -v"));
    assert!(saved("pg_dump app > a.sql && docker compose down -v"));
    assert!(saved("pg_dump app > a.sql\nif [ $? -ne 0 ]; then exit 1; fi\ndocker compose down -v"));
    assert!(saved("pg_dump app > a.sql\nrc=$?\necho done\n[ \"$rc\" -eq 0 ] || exit \"$rc\"\ndocker compose down -v"));
    assert!(!saved("pg_dump app > a.sql || echo failed\ndocker compose down -v"));
    assert!(!saved("set -e\npg_dump app | gzip > a.gz\ndocker compose down -v"));
    assert!(saved("set -eo pipefail\npg_dump app | gzip > a.gz\ndocker compose down -v"));
    assert!(saved("pg_dump app | gzip > a.gz\n[ \"${PIPESTATUS[0]}\" -eq 0 ] || exit 1\ndocker compose down -v"));
    assert!(!saved("set -e\nbackup() { pg_dump app > a.sql; echo done; }\nif backup; then docker compose down -v; fi"));
    assert!(saved("set -e\nbackup() { pg_dump app > a.sql; echo done; }\nbackup\ndocker compose down -v"));
    assert!(saved("ok=false\nif pg_dump app > a.sql; then ok=true; fi\n$ok || exit 1\ndocker compose down -v"));
    assert!(!saved("if [ \"$1\" = --backup ]; then pg_dump app > a.sql || exit 1; fi\ndocker compose down -v"));
    assert!(saved("for db in app auth; do pg_dump $db > $db.sql || exit 1; done\ndocker compose down -v"));
    assert!(!saved("for db in $DBS; do pg_dump $db > $db.sql || exit 1; done\ndocker compose down -v"));
    assert!(saved("die() { echo \"$1\"; exit 1; }\npg_dump app > a.sql || die failed\ndocker compose down -v"));
    assert!(saved("trap 'exit 1' ERR\npg_dump app > a.sql\ndocker compose down -v"));
}

#[test]
fn a_person_who_is_asked_confirms() {
    let confirmed = |text: &str| {
        let repo = Repo::of(Tree::memory([("run.sh", text)]));
        let run = repo.run_of(&repo.scripts[0]).unwrap();
        let destroy = run.effects().iter().find(|effect| effect.deed == super::Deed::Destroy).unwrap().step;
        run.confirmed(destroy).map(|confirmed| matches!(confirmed, crate::script::Confirmed::Asked(_)))
    };
    let asked = Some(true);
    let told = Some(false);
    assert_eq!(confirmed("docker volume prune -f"), None);
    assert_eq!(confirmed("read -p 'Sure? ' a\n[ \"$a\" = yes ] || exit 1\ndocker volume prune -f"), asked);
    assert_eq!(confirmed("read -r -p 'Sure? ' a\nif [[ $a =~ ^[Yy] ]]; then docker volume prune -f; fi"), asked);
    assert_eq!(confirmed("read -rp x\ncase $REPLY in y) docker volume prune -f;; esac"), asked);
    assert_eq!(confirmed("confirm() { read -r x; [ \"$x\" = y ]; }\nconfirm && docker volume prune -f"), asked);
    assert_eq!(confirmed("[ \"$FORCE\" = 1 ] || exit 1\ndocker volume prune -f"), told);
    assert_eq!(confirmed("WIPE=${WIPE:-}\nif [ -n \"$WIPE\" ]; then docker volume prune -f; fi"), told);
    assert_eq!(confirmed("case \"$1\" in clean) docker volume prune -f;; esac"), told);
    assert_eq!(confirmed("while read -r x; do [ \"$x\" = y ] && docker volume prune -f; done < list"), None);
    assert_eq!(confirmed("if [ -f .env ]; then docker volume prune -f; fi"), None);
}
