//! Where a module says `SameSite=Strict`, and of which cookie.

use super::Loss;
use crate::{Edit, FileId, Place};
use twiceshy_source::Span;
use twiceshy_syntax::code::{Call, Expr, ExprKind, Module, Stmt, StmtKind};

/// A cookie that is set with `SameSite=Strict`.
#[derive(Clone, Debug)]
pub(crate) struct StrictCookie {
    pub(super) place: Place,
    /// Its name; `session` for that of a framework.
    pub(super) name: String,
    /// The constant that holds its name.
    pub(super) constant: Option<String>,
    /// Whether it is a framework's session.
    pub(super) is_session: bool,
    /// The `providers` of next-auth, and their text, where it is one of its cookies.
    pub(super) auth: Option<(Place, String)>,
    pub(super) edit: Option<Edit>,
}

/// Words of the names of cookies that hold what a login started.
const STATE: [&str; 6] = ["state", "nonce", "pkce", "verifier", "oauth", "oidc"];
/// Words of the names of cookies that say who somebody is.
const SESSION: [&str; 9] = ["session", "sess", "sid", "auth", "jwt", "login", "user", "access", "token"];
/// Words of the names of cookies that nobody needs who comes from elsewhere.
const OTHER: [&str; 12] = [
    "csrf", "xsrf", "theme", "locale", "lang", "consent", "refresh", "remember", "referral", "flash", "admin",
    "preview",
];

impl StrictCookie {
    /// Whether a callback may need it.
    pub(crate) fn matters(&self) -> bool {
        let has = |words: &[&str]| {
            let lower = self.name.to_ascii_lowercase();
            words.iter().any(|word| lower.contains(word))
        };
        self.is_session || self.auth.is_some() || !has(&OTHER) && (has(&STATE) || has(&SESSION))
    }

    pub(super) fn is_state(&self) -> bool {
        let lower = self.name.to_ascii_lowercase();
        STATE.iter().any(|word| lower.contains(word))
    }

    /// What a callback loses with it, if its text says that it needs it.
    pub(super) fn needed_by(&self, body: &str) -> Option<Loss> {
        let has = |words: &[&str]| words.iter().any(|word| body.contains(word));
        let reads_session = || {
            has(&[
                "request.session",
                "req.session",
                "session[",
                "session.get",
                "session.pop",
                "authorize_access_token",
                "passport.authenticate",
                "getServerSession",
                "getIronSession",
                "current_user",
                "currentUser",
                "login_required",
                "locals.session",
                "locals.user",
                "req.user",
                "request.user",
            ])
        };
        if self.is_session {
            return reads_session().then_some(Loss::Read);
        }
        std::iter::once(&self.name).chain(&self.constant).find_map(|name| self.needed_as(name, body))
    }

    fn needed_as(&self, name: &str, body: &str) -> Option<Loss> {
        let has = |words: &[&str]| words.iter().any(|word| body.contains(word));
        let gets = [
            format!("cookies.get(\"{name}\""),
            format!("cookies.get('{name}'"),
            format!("cookies[\"{name}\"]"),
            format!("cookies['{name}']"),
            format!("cookies.{name}"),
            format!("getCookie(c, \"{name}\""),
            format!("getCookie(c, '{name}'"),
            format!("getCookie(event, \"{name}\""),
            format!("cookies.get({name})"),
            format!("cookies.get({name},"),
            format!("cookies[{name}]"),
            format!("cookies().get(\"{name}\""),
            format!("cookies().get({name})"),
            format!("get({name})"),
            format!("COOKIES.get(\"{name}\""),
            format!("COOKIES[\"{name}\"]"),
            format!("alias=\"{name}\""),
        ];
        if gets.iter().any(|get| body.contains(get)) {
            return Some(Loss::Read);
        }
        let sets = [
            format!("\"{name}\""),
            format!("'{name}'"),
            format!("({name},"),
            format!(" {name},"),
            format!("key={name}"),
        ];
        let redirects =
            has(&["redirect(", "RedirectResponse", "Response.redirect", "Location", "status: 302", "throw redirect"]);
        let is_set = has(&["set_cookie", ".cookie(", "cookies.set", "setCookie", "cookies().set"])
            && sets.iter().any(|set| body.contains(set));
        (is_set && redirects && !self.is_state()).then_some(Loss::SetAndRedirect)
    }
}

/// The strict cookies of a module.
pub(crate) fn cookies(module: &Module<'_>, text: &str, file: FileId) -> Vec<StrictCookie> {
    let mut reader = Reader { file, text, constants: Vec::new(), found: Vec::new(), auth: None };
    reader.constants(module.body);
    if ["NextAuth", "next-auth", "AuthOptions", "@auth/"].iter().any(|word| text.contains(word))
        && let Some(at) = text.find("providers:")
    {
        let end = text.floor_char_boundary((at + 600).min(text.len()));
        let span = Span::new(at, at + "providers".len());
        reader.auth = Some((Place::new(file, span), text[at..end].to_owned()));
    }
    reader.block(module.body);
    reader.found
}

struct Reader<'a, 't> {
    file: FileId,
    text: &'t str,
    /// Constants that hold texts: names of cookies.
    constants: Vec<(&'a str, &'a str)>,
    found: Vec<StrictCookie>,
    auth: Option<(Place, String)>,
}

/// What stands around a `sameSite`.
#[derive(Clone, Debug, Default)]
struct Around {
    name: Option<String>,
    constant: Option<String>,
    is_session: bool,
    is_auth: bool,
}

impl<'a> Reader<'a, '_> {
    fn constants(&mut self, body: &[Stmt<'a>]) {
        for statement in body {
            if let StmtKind::Assign(assign) = statement.kind
                && let ([Expr { kind: ExprKind::Name(name), .. }], Some(Expr { kind: ExprKind::Str(value), .. })) =
                    (assign.targets, assign.value)
            {
                self.constants.push((name, value));
            }
        }
    }

    fn block(&mut self, body: &[Stmt<'a>]) {
        for statement in body {
            match statement.kind {
                StmtKind::Expr(value) | StmtKind::Return(Some(value)) | StmtKind::Throw(Some(value)) => {
                    self.expr(&value, &Around::default());
                }
                StmtKind::Assign(assign) => {
                    let target = assign.targets.first();
                    let Some(value) = assign.value else { continue };
                    if target.is_some_and(is_session_setting) {
                        self.said(&value, &Around { is_session: true, ..Around::default() });
                    }
                    self.expr(&value, &Around::default());
                }
                StmtKind::Function(function) => self.block(function.body),
                StmtKind::Class(class) => self.block(class.body),
                StmtKind::If(test, then, otherwise) => {
                    self.expr(test, &Around::default());
                    self.block(then);
                    self.block(otherwise);
                }
                StmtKind::Loop(_, body) | StmtKind::With(_, body) | StmtKind::Block(body) => self.block(body),
                StmtKind::Try(it) => {
                    self.block(it.body);
                    it.handlers.iter().for_each(|(_, body)| self.block(body));
                    self.block(it.after);
                }
                StmtKind::Other(parts) => parts.iter().for_each(|part| self.expr(part, &Around::default())),
                StmtKind::Import(_) | StmtKind::Return(None) | StmtKind::Throw(None) => {}
            }
        }
    }

    fn expr(&mut self, expr: &Expr<'a>, around: &Around) {
        match expr.kind {
            ExprKind::Call(call) => self.call(call, around),
            ExprKind::Dict(entries) => {
                let own = entries.iter().find(|entry| entry.key.and_then(|key| key.str()) == Some("name"));
                let own = own.and_then(|entry| self.text_of(&entry.value));
                for entry in entries {
                    let Some(key) = entry.key.and_then(|key| key.str()) else {
                        self.expr(&entry.value, around);
                        continue;
                    };
                    if matches!(key, "sameSite" | "samesite" | "same_site") {
                        let mut around = around.clone();
                        around.name = own.clone().or(around.name);
                        self.said(&entry.value, &around);
                        continue;
                    }
                    if key == "SESSION_COOKIE_SAMESITE" {
                        self.said(&entry.value, &Around { is_session: true, ..Around::default() });
                        continue;
                    }
                    let mut inner = around.clone();
                    // next-auth: `cookies: { sessionToken: { name, options: { sameSite } } }`
                    if matches!(
                        key,
                        "sessionToken" | "state" | "pkceCodeVerifier" | "nonce" | "callbackUrl" | "csrfToken"
                    ) {
                        inner.name = Some(key.to_owned());
                        inner.is_auth = self.auth.is_some() && !matches!(key, "csrfToken" | "callbackUrl");
                    } else if key != "options" {
                        inner.name = own.clone().or(inner.name);
                    }
                    self.expr(&entry.value, &inner);
                }
            }
            ExprKind::Function(function) => self.block(function.body),
            ExprKind::Class(class) => self.block(class.body),
            _ => expr.each_part(&mut |part| self.expr(part, around)),
        }
    }

    fn call(&mut self, call: &Call<'a>, around: &Around) {
        let name = match call.callee.kind {
            ExprKind::Name(name) => name,
            ExprKind::Member(_, property) => property.text,
            _ => "",
        };
        let mentions = |word: &str| {
            call.args.iter().any(|argument| matches!(argument.value.kind, ExprKind::Name(it) if it == word))
        };
        let is_session = matches!(
            name,
            "session"
                | "cookieSession"
                | "SessionMiddleware"
                | "getIronSession"
                | "withIronSession"
                | "withIronSessionApiRoute"
                | "CookieStore"
                | "fastifySession"
        ) || mentions("SessionMiddleware")
            || mentions("fastifySession")
            || mentions("fastifyCookieSession");
        let sets = matches!(
            name,
            "set_cookie" | "cookie" | "set" | "setCookie" | "setSignedCookie" | "serialize" | "setcookie"
        );
        let mut inner = around.clone();
        if is_session {
            inner.is_session = true;
        } else if sets {
            // `setCookie(c, "name", …)` has the request first.
            let named = call.keyword("key").map(|argument| &argument.value);
            let mut texts = call.positional().take(2).filter_map(|argument| self.text_of(argument));
            inner.name = named.and_then(|value| self.text_of(value)).or_else(|| texts.next());
            let first = named.or_else(|| call.positional().find(|argument| self.text_of(argument).is_some()));
            inner.constant = first.and_then(|first| match first.kind {
                ExprKind::Name(name) => Some(name.to_owned()),
                _ => None,
            });
        }
        for argument in call.args {
            match argument.keyword.map(|keyword| keyword.text) {
                Some("samesite" | "same_site" | "sameSite") => self.said(&argument.value, &inner),
                Some("SESSION_COOKIE_SAMESITE") => {
                    self.said(&argument.value, &Around { is_session: true, ..Around::default() });
                }
                _ => self.expr(&argument.value, &inner),
            }
        }
        self.expr(&call.callee, around);
    }

    /// The text of a name: a literal, a constant of the module, or, of anything else, the name under which it is kept.
    fn text_of(&self, value: &Expr<'a>) -> Option<String> {
        match value.kind {
            ExprKind::Str(text) => Some(text.to_owned()),
            ExprKind::Name(name) => {
                let known = self.constants.iter().find(|(constant, _)| *constant == name).map(|(_, text)| *text);
                let is_constant = name.len() > 2 && !name.contains(|letter: char| letter.is_lowercase());
                known.map(str::to_owned).or(is_constant.then(|| name.to_owned()))
            }
            ExprKind::Member(_, property) => {
                let is_constant =
                    property.text.len() > 2 && !property.text.contains(|letter: char| letter.is_lowercase());
                is_constant.then(|| property.text.to_owned())
            }
            _ => None,
        }
    }

    /// The value of a `sameSite`.
    fn said(&mut self, value: &Expr<'a>, around: &Around) {
        let written = value.span.of(self.text);
        let is_strict = match value.kind {
            ExprKind::Str(text) => text.eq_ignore_ascii_case("strict"),
            // express: `true` is Strict
            ExprKind::Bool(is) => is && written == "true",
            _ => written.trim_start_matches(['b', 'B']).trim_matches(['"', '\'']).eq_ignore_ascii_case("strict"),
        };
        let name = around.name.clone().or(around.is_session.then(|| "session".to_owned()));
        let Some(name) = name.filter(|_| is_strict) else { return };
        let lax = match written {
            "true" => "\"lax\"".to_owned(),
            written => written.replace("Strict", "Lax").replace("strict", "lax").replace("STRICT", "LAX"),
        };
        let place = Place::new(self.file, value.span);
        self.found.push(StrictCookie {
            place,
            name,
            constant: around.constant.clone(),
            is_session: around.is_session,
            auth: self.auth.clone().filter(|_| around.is_auth),
            edit: Some(Edit { place, text: lax }),
        });
    }
}

/// `SESSION_COOKIE_SAMESITE`, `app.config["SESSION_COOKIE_SAMESITE"]`
fn is_session_setting(target: &Expr<'_>) -> bool {
    match target.kind {
        ExprKind::Name(name) => name == "SESSION_COOKIE_SAMESITE",
        ExprKind::Index(_, index) => index.str() == Some("SESSION_COOKIE_SAMESITE"),
        ExprKind::Member(_, property) => property.text == "SESSION_COOKIE_SAMESITE",
        _ => false,
    }
}
