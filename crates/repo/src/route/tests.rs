//! Which routes are read from what.

use super::*;
use crate::Tree;

fn repo(files: &[(&str, &str)]) -> Repo {
    Repo::of(Tree::memory(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))))
}

/// Every route as `hostname path -> backend`, those of ports left out, with the text at its place.
fn routes(files: &[(&str, &str)]) -> Vec<String> {
    let repo = repo(files);
    assert_eq!(repo.skipped(), []);
    repo.routes()
        .iter()
        .filter(|route| route.by != Router::Port)
        .map(|route| {
            let host = route.hostname.as_ref().map_or("any", |host| &host.name);
            let path = route.path.as_deref().unwrap_or_default();
            let backend = match &route.backend {
                Backend::Address(address) => address.to_string(),
                Backend::Service { port, .. } => {
                    format!("service{}", port.map(|port| format!(":{port}")).unwrap_or_default())
                }
                Backend::Unknown => "?".to_owned(),
            };
            let service = route.service(&repo).map(|service| format!(" = {}", service.name)).unwrap_or_default();
            let source = repo.tree.source(route.place.file).unwrap();
            format!("{host}{path} -> {backend}{service} @ {}", route.place.span().of(source.text()))
        })
        .collect()
}

#[test]
fn cloudflared_sends_hostnames_to_services() {
    let config = "tunnel: abc\ningress:\n  - hostname: app.kiosk.test\n    service: http://192.168.1.20:3000\n  - hostname: \"*.kiosk.test\"\n    path: ^/x\n    service: http://web:80\n  - service: http_status:404\n";
    let compose = "services:\n  web:\n    image: nginx\n";
    assert_eq!(
        routes(&[("ops/config.yml", config), ("compose.yml", compose)]),
        [
            "app.kiosk.test -> 192.168.1.20:3000 @ app.kiosk.test",
            "*.kiosk.test^/x -> web:80 = web @ *.kiosk.test",
            "any -> ? @ http_status:404",
        ]
    );
}

#[test]
fn labels_route_to_the_service_they_stand_on() {
    let compose = "services:\n  web:\n    image: x\n    labels:\n      - traefik.http.routers.w.rule=Host(`a.${ZONE}`) || Host(`b.${OTHER:-kiosk.test}`)\n      - traefik.http.services.w.loadbalancer.server.port=3000\n  api:\n    image: y\n    labels:\n      traefik.http.routers.api.rule: \"Host(`api.kiosk.test`) && PathPrefix(`/v1`)\"\n";
    assert_eq!(
        routes(&[("compose.yml", compose), (".env", "ZONE=kiosk.test\n")]),
        [
            "a.kiosk.test -> service:3000 = web @ a.${ZONE}",
            "b.* -> service:3000 = web @ b.${OTHER:-kiosk.test}",
            "api.kiosk.test/v1 -> service = api @ api.kiosk.test",
        ]
    );
}

#[test]
fn traefik_reads_yaml_and_toml() {
    let yaml = "http:\n  routers:\n    web:\n      rule: Host(`a.kiosk.test`)\n      service: web\n  services:\n    web:\n      loadBalancer:\n        servers:\n          - url: http://10.0.0.5:8080\n";
    let toml = "[http.routers.web]\nrule = \"Host(`b.kiosk.test`)\"\nservice = \"web@file\"\n[http.services.web.loadBalancer]\n[[http.services.web.loadBalancer.servers]]\nurl = \"http://web:81/\"\n";
    assert_eq!(
        routes(&[("traefik/dynamic.yml", yaml), ("traefik/more.toml", toml)]),
        ["a.kiosk.test -> 10.0.0.5:8080 @ a.kiosk.test", "b.kiosk.test -> web:81 @ b.kiosk.test"]
    );
    let fixed = "entryPoints:\n  web:\n    address: :80\nproviders:\n  file:\n    filename: /etc/traefik/dynamic.yml\n";
    let repo = repo(&[("traefik/traefik.yml", fixed)]);
    let provider = repo.routings[0].provider.as_ref().unwrap();
    assert_eq!(
        (provider.path.as_str(), provider.watch, provider.is_directory),
        ("/etc/traefik/dynamic.yml", true, false)
    );
}

#[test]
fn nginx_servers_pass_to_upstreams() {
    let conf = "upstream api { server api:8000; }\nserver {\n  listen 443 ssl;\n  server_name kiosk.test *.kiosk.test ~^x\\.kiosk\\.test$ _;\n  location /api/ { proxy_pass http://api; }\n}\nserver { server_name ${DOMAIN}; return 301 https://x; }\n";
    let compose = "services:\n  api:\n    image: x\n  proxy:\n    image: nginx\n    volumes: [./web.txt:/etc/nginx/conf.d/default.conf]\n";
    assert_eq!(
        routes(&[("web.txt", conf), ("compose.yml", compose)]),
        [
            "kiosk.test/api/ -> api:8000 = api @ kiosk.test",
            "*.kiosk.test/api/ -> api:8000 = api @ *.kiosk.test",
            "*x.kiosk.test/api/ -> api:8000 = api @ ~^x\\.kiosk\\.test$",
            "any/api/ -> api:8000 = api @ http://api",
            "* -> ? @ ${DOMAIN}",
        ]
    );
}

#[test]
fn caddy_sites_snippets_and_matchers() {
    let file = "{\n  email a@b\n}\n(app) {\n  reverse_proxy /api/* api:8000\n}\na.kiosk.test, https://b.kiosk.test:8443 {\n  import app\n}\n*.kiosk.test {\n  @c host c.kiosk.test\n  handle @c {\n    reverse_proxy :3000\n  }\n  handle {\n    abort\n  }\n}\n{$SITE:localhost} {\n  reverse_proxy web:80\n}\n:80 {\n  respond ok\n}\n";
    let compose = "services:\n  api:\n    image: x\n  three:\n    image: y\n    ports: ['3000:80']\n";
    assert_eq!(
        routes(&[("Caddyfile", file), ("compose.yml", compose)]),
        [
            "a.kiosk.test/api/* -> api:8000 = api @ a.kiosk.test",
            "b.kiosk.test/api/* -> api:8000 = api @ b.kiosk.test",
            "c.kiosk.test -> localhost:3000 = three @ c.kiosk.test",
            "*.kiosk.test -> ? @ *.kiosk.test",
            "* -> web:80 @ {$SITE:localhost}",
            "any -> ? @ :80",
        ]
    );
    assert_eq!(routes(&[("Caddyfile", "kiosk.test\nreverse_proxy web:80\n")]), ["kiosk.test -> web:80 @ kiosk.test"]);
}

#[test]
fn zones_are_what_two_hostnames_share() {
    let names = |hosts: &[&str]| -> Vec<String> {
        let rules: String =
            hosts.iter().map(|host| format!("  - hostname: {host}\n    service: http://web:80\n")).collect();
        repo(&[("cloudflared.yml", &format!("ingress:\n{rules}"))]).zones().into_iter().map(|zone| zone.name).collect()
    };
    assert_eq!(names(&["a.kiosk.test", "b.kiosk.test"]), ["kiosk.test"]);
    assert_eq!(names(&["kiosk.test", "www.kiosk.test"]), ["kiosk.test"]);
    assert_eq!(names(&["a.lab.kiosk.test", "b.lab.kiosk.test", "c.kiosk.test"]), ["lab.kiosk.test"]);
    for foreign in [
        &["a.co.uk", "b.co.uk"],
        &["a.github.io", "b.github.io"],
        &["a.test", "b.test"],
        &["a.example.com", "b.example.com"],
        &["a.kiosk.test", "a.kiosk.test"],
    ] {
        assert_eq!(names(foreign), [] as [&str; 0], "{foreign:?}");
    }
}

#[test]
fn hostnames_cover_what_their_wildcards_may_stand_for() {
    let covers = |name: &str, host: &str| {
        Hostname::new(name, Place::new(twiceshy_source::FileId(0), twiceshy_source::Span::default())).covers(host)
    };
    assert!(covers("*.kiosk.test", "a.kiosk.test") && covers("a.*", "a.kiosk.test") && covers("*", "x"));
    assert!(covers("a.*.test", "a.b.test") && covers("a.test", "a.test"));
    assert!(!covers("*.kiosk.test", "kiosk.test") && !covers("a.test", "b.test") && !covers("a.*.test", "a.b.c"));
}

#[test]
fn other_yaml_is_none_of_ours() {
    for text in [
        "http:\n  port: 80\n",
        "ingress:\n  enabled: true\n  service: x\n",
        "routers:\n  - a\n",
        "ingress: [a]\nservice: b\n",
    ] {
        let repo = repo(&[("charts/ingress/config.yml", text)]);
        assert!(repo.routings.is_empty(), "{text}");
    }
}

#[test]
fn an_address_is_seen_from_the_proxy_that_reads_the_file() {
    let conf = "server { listen 80; location / { proxy_pass http://backend:8000; } location /x { proxy_pass http://127.0.0.1:9000; } }";
    let one = "services:\n  proxy:\n    image: nginx\n    volumes: ['./nginx.conf:/etc/nginx/conf.d/default.conf']\n  backend:\n    image: x\n";
    let two = "services:\n  backend:\n    image: y\n  other:\n    image: z\n    ports: ['9000:9000']\n";
    let found = routes(&[("one/nginx.conf", conf), ("one/compose.yml", one), ("two/compose.yml", two)]);
    assert_eq!(
        found,
        [
            "any/ -> backend:8000 = backend @ http://backend:8000",
            "any/x -> 127.0.0.1:9000 = proxy @ http://127.0.0.1:9000"
        ]
    );
}

#[test]
fn hostile_configurations_take_bounded_time() {
    let imports = format!("(a) {{\n{}}}\nx.test {{\n\timport a\n}}\n", "\timport a\n".repeat(300));
    let names = format!(
        "server {{ server_name {}; {} }}",
        "a.test ".repeat(5_000),
        "location / { proxy_pass http://b:1; } ".repeat(5_000)
    );
    let rules = format!("ingress:\n{}", "  - { hostname: a.b.test, service: \"http://x:1\" }\n".repeat(5_000));
    let repo = repo(&[("Caddyfile", &imports), ("nginx.conf", &names), ("cloudflared.yml", &rules)]);
    assert!(repo.routes().len() <= 3 * MAX_ROUTES);
    assert_eq!(repo.routed_twice().len(), 4_999);
    assert!(repo.zones().is_empty());
}
