//! What a name and a value tell about whether they are a secret.

use rustc_hash::FxHasher;
use std::hash::Hasher;

/// Tells equal secrets from others; the secret cannot be read from it.
pub(super) fn print(secret: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(secret.as_bytes());
    hasher.finish()
}

/// Words of a name that holds a secret.
const SECRET: &[&str] =
    &["PASSWORD", "PASSWD", "PASSPHRASE", "PWD", "SECRET", "TOKEN", "APIKEY", "CREDENTIAL", "CREDENTIALS"];
/// The same, of two words.
const SECRET_PAIRS: &[(&str, &str)] = &[
    ("API", "KEY"),
    ("PRIVATE", "KEY"),
    ("ACCESS", "KEY"),
    ("SECRET", "KEY"),
    ("ENCRYPTION", "KEY"),
    ("SIGNING", "KEY"),
    ("MASTER", "KEY"),
    ("AUTH", "KEY"),
    ("SERVICE", "KEY"),
    ("LICENSE", "KEY"),
];
/// Words of a name that is about a secret, and holds none.
const ABOUT: &[&str] = &[
    "FILE",
    "FILENAME",
    "PATH",
    "DIR",
    "URL",
    "URI",
    "ENDPOINT",
    "NAME",
    "NAMES",
    "ID",
    "IDS",
    "HEADER",
    "TTL",
    "EXPIRY",
    "EXPIRES",
    "EXPIRE",
    "EXPIRATION",
    "EXP",
    "LENGTH",
    "SIZE",
    "MIN",
    "MAX",
    "LIMIT",
    "HOST",
    "PORT",
    "TYPE",
    "ENABLED",
    "ENABLE",
    "DISABLE",
    "PREFIX",
    "SUFFIX",
    "ALGORITHM",
    "ALG",
    "HASH",
    "SHA256",
    "CHECKSUM",
    "DIGEST",
    "FINGERPRINT",
    "PUBLIC",
    "PUBLISHABLE",
    "ANON",
    "SITE",
    "TOKENIZER",
    "TOKENS",
    "COUNT",
    "MODEL",
    "FORMAT",
    "ISSUER",
    "AUDIENCE",
    "VERSION",
    "REGION",
    "BUCKET",
    "USER",
    "USERNAME",
    "EMAIL",
    "LIFETIME",
    "INTERVAL",
    "MINUTES",
    "SECONDS",
    "HOURS",
    "DAYS",
    "REQUIRED",
    "POLICY",
    "ARN",
    "COOKIE",
    "FIELD",
    "STORE",
    "BACKEND",
    "PROVIDER",
    "SCOPE",
    "SCOPES",
];

/// Whether a variable of this name holds a secret.
pub(super) fn names_secret(name: &str) -> bool {
    // `apiKey` has two words, `APIKEY` one.
    let mut spaced = String::with_capacity(name.len() + 4);
    let mut before = false;
    for ch in name.chars() {
        if ch.is_ascii_uppercase() && before {
            spaced.push('_');
        }
        before = ch.is_ascii_lowercase();
        spaced.push(ch.to_ascii_uppercase());
    }
    let words: Vec<&str> =
        spaced.split(|ch: char| !ch.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_client = ["VITE", "NEXT", "REACT", "EXPO", "NUXT"].contains(words.first().unwrap_or(&""))
        && words.iter().any(|word| matches!(*word, "PUBLIC" | "VITE" | "APP"));
    let has_word = words.iter().any(|word| SECRET.contains(word) || word.ends_with("PASSWORD"));
    let has_pair = words.windows(2).any(|pair| SECRET_PAIRS.contains(&(pair[0], pair[1])));
    let is_about = words.iter().any(|word| ABOUT.contains(word));
    (has_word || has_pair) && !is_about && !is_client && name != "PWD" && name != "OLDPWD"
}

/// Whether a text looks as a program makes secrets: many different letters, in no order, and no words.
pub(super) fn is_random(text: &str, is_hex: bool) -> bool {
    let bytes: Vec<u8> = text.bytes().filter(u8::is_ascii_graphic).collect();
    if bytes.len() < 12 {
        return false;
    }
    let different = {
        let mut seen = [false; 256];
        bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
        seen.iter().filter(|seen| **seen).count()
    };
    // Keys in the order of the keyboard or the alphabet: `0123456789abcdef`.
    let ordered = bytes.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) <= 1).count();
    let lower = text.to_ascii_lowercase();
    different >= if is_hex { 8 } else { 10 }
        && ordered * 3 < bytes.len()
        && !FILLERS.iter().any(|word| lower.contains(word))
}

/// Words that stand in a value for people to replace it, or tell that it is none.
const FILLERS: &[&str] = &[
    "example",
    "change",
    "replace",
    "placeholder",
    "your",
    "xxxx",
    "dummy",
    "sample",
    "redacted",
    "insert",
    "123456",
    "abcdef",
    "qwerty",
    "deadbeef",
    "notreal",
    "not-a-",
    "not_a_",
    "sentinel",
    "mysecret",
    "supersecret",
    "password",
    "secret",
    "fake",
    "testing",
    "todo",
    "aaaa",
    "0000",
];

/// Whether a value, given under the name of a secret, looks as a program makes secrets. What people make up does not.
pub(super) fn is_generated(value: &str) -> bool {
    let is_hex = value.len() >= 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let fits = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-.~!@#%^&*".contains(&byte));
    if !fits || value.len() < 16 || value.len() > 4096 || is_path(value) || is_public(value) {
        return false;
    }
    // People put words together with these.
    let parts = value.split(|ch: char| !ch.is_ascii_alphanumeric() && !matches!(ch, '+' | '/' | '='));
    let longest = parts.max_by_key(|part| part.len()).unwrap_or_default();
    if !is_hex && longest.len() < 14 {
        return false;
    }
    let text = if is_hex { value } else { longest };
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let bytes = text.as_bytes();
    let changes = bytes.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
    let has = |kind: u8| bytes.iter().any(|byte| class(*byte) == kind);
    // Of letters alone, `GoodMorningAll` is as likely.
    is_random(text, is_hex) && has(2) && (has(0) || has(1)) && changes * 10 >= bytes.len() * 3
}

fn is_path(value: &str) -> bool {
    value.starts_with(['/', '.', '~']) || value.contains("://") || value.contains("/run/secrets")
}

/// Whether a value is known to everybody: an emulator's, a manual's, a public key.
pub(super) fn is_public(value: &str) -> bool {
    const KNOWN: &[&str] = &[
        // Azurite and the emulator of Cosmos DB (Microsoft's manuals).
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq",
        "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw",
        // AWS's manuals.
        "AKIAIOSFODNN7",
        "wJalrXUtnFEMI",
        // Stripe's manual.
        "4eC39HqLyjWDarjtT1zdp7dc",
    ];
    const STARTS: &[&str] = &[
        "ssh-",
        "ecdsa-",
        "age1",
        "pk_",
        "pk-",
        "sha256:",
        "sha512-",
        "sha256-",
        "phc_",
        "-----BEGIN PUBLIC",
        "-----BEGIN CERT",
        "arn:",
        "base64:$",
    ];
    value.contains("EXAMPLE")
        || KNOWN.iter().any(|known| value.contains(known))
        || STARTS.iter().any(|start| value.starts_with(start))
}

/// Whether a value is a password that somebody made up and means: no word that everybody would try, no placeholder.
pub(super) fn is_made_up(name: &str, value: &str) -> bool {
    const COMMON: &[&str] = &[
        "postgres", "mysql", "mariadb", "root", "admin", "minio", "redis", "rabbit", "guest", "mongo", "elastic",
        "changeme", "letmein", "docker", "local", "demo", "test", "dev", "default", "none", "null", "true", "false",
        "user", "foo", "bar", "pass",
    ];
    let lower = value.to_ascii_lowercase();
    let fits =
        value.len() >= 8 && value.bytes().all(|byte| byte.is_ascii_graphic()) && !is_path(value) && !is_public(value);
    let kinds = [
        value.bytes().any(|byte| byte.is_ascii_lowercase()),
        value.bytes().any(|byte| byte.is_ascii_uppercase()),
        value.bytes().any(|byte| byte.is_ascii_digit()),
        value.bytes().any(|byte| byte.is_ascii_punctuation() && byte != b'_' && byte != b'-'),
    ];
    fits && kinds.iter().filter(|kind| **kind).count() >= 3
        && !FILLERS.iter().chain(COMMON).any(|word| lower.contains(word))
        && !value.contains(['<', '>', '{', '}', '$', '`', '(', ')', '[', ']', '…'])
        && !name.to_ascii_lowercase().split('_').any(|word| word.len() > 3 && lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_hold_a_secret() {
        for name in [
            "GOOGLE_API_KEY",
            "PGPASSWORD",
            "client_secret",
            "apiKey",
            "JWT_SECRET",
            "AWS_SECRET_ACCESS_KEY",
            "MYSQL_PWD",
        ] {
            assert!(names_secret(name), "{name}");
        }
        for name in [
            "POSTGRES_PASSWORD_FILE",
            "AWS_ACCESS_KEY_ID",
            "MAX_TOKENS",
            "TOKEN_TTL",
            "STRIPE_PUBLIC_KEY",
            "NEXT_PUBLIC_API_KEY",
            "PWD",
            "TOKEN_URL",
            "KEYBOARD",
            "SECRET_NAME",
        ] {
            assert!(!names_secret(name), "{name}");
        }
    }

    #[test]
    fn values_that_a_program_made() {
        // Written here for this, in halves, so that nobody takes them for leaks.
        for halves in
            [["kZq7Rw2mXv9TbN4c", "Ls8HfY1gJd6"], ["qWe8Rt", "Zk4MnB2vXc"], ["9f3a61c07be24d58", "a1f0c93be7724d06"]]
        {
            assert!(is_generated(&halves.concat()), "{halves:?}");
        }
        for value in [
            "mysecretpassword",
            "shop123456789",
            "ci-only-no-real-secret",
            "shop_search_flow_OS_01",
            "6767676767676767",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "1x0000000000000000000000000000000AA",
            "credentials-secret-sentinel",
            "/run/secrets/db-password",
            "0123456789abcdef0123456789abcdef",
            "postgres",
            "GoodMorningEverybody",
        ] {
            assert!(!is_generated(value), "{value}");
        }
    }

    #[test]
    fn values_that_somebody_made_up() {
        assert!(is_made_up("PGPASSWORD", "Sommer2024!") && is_made_up("DB_PASSWORD", "tR0ub4dor&3"));
        for value in ["postgres", "Passw0rd!", "changeme", "<password>", "Test1234!", "nextcloud", "S3cretValue!secret"]
        {
            assert!(!is_made_up("PGPASSWORD", value), "{value}");
        }
    }
}
