//! Dockerfiles as they are written, and what is read from them.

use super::*;
use crate::work::Work;
use twiceshy_source::FileId;

fn outer(text: &str) -> Extract {
    Extract::verbatim(FileId(0), 0, text)
}

fn only(text: &str) -> Instruction {
    let mut parsed = parse(text);
    assert_eq!(parsed.flaws, [], "{text}");
    assert_eq!(parsed.instructions.len(), 1, "{text}");
    parsed.instructions.remove(0)
}

fn texts(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| word.text.as_str()).collect()
}

/// Every span must cover the word it belongs to, wherever the word stands.
fn assert_spans(text: &str, words: &[Word]) {
    for word in words {
        assert_eq!(word.span.of(text), word.text, "{text}");
    }
}

#[test]
fn continuations_comments_and_blank_lines_inside_an_instruction_vanish() {
    let text = "# top\nFROM a\nRUN apk add \\\n  curl \\\n  # why wget\n\n  wget \\  \n  && true\nUSER x\n";
    let parsed = parse(text);
    assert_eq!(parsed.instructions.len(), 3);
    assert_eq!(parsed.comments.iter().map(|span| span.of(text)).collect::<Vec<_>>(), ["# top", "# why wget"]);
    let run = &parsed.instructions[1];
    assert_eq!(run.span.of(text), &text[13..text.len() - 8]);
    let shell = run.shell_text(&outer(text)).unwrap();
    assert_eq!(shell.text(), "apk add   curl   wget   && true");
    let at = shell.text().find("wget").unwrap();
    assert_eq!(shell.place(Span::new(at, at + 4)).span().of(text), "wget");
}

#[test]
fn an_escaped_escape_does_not_continue_the_line() {
    assert_eq!(parse("FROM a\nRUN echo \\\\\nUSER b\n").instructions.len(), 3);
    assert_eq!(parse("FROM a\nRUN echo \\").instructions.len(), 2);
}

#[test]
fn directives_stand_at_the_top_only_and_set_the_escape() {
    let text = "# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN dir `\n  c:\\\n# syntax=late\n";
    let parsed = parse(text);
    assert_eq!(parsed.directives.iter().map(|d| d.value.as_str()).collect::<Vec<_>>(), ["docker/dockerfile:1", "`"]);
    assert_eq!(parsed.instructions[1].shell_text(&outer(text)).unwrap().text(), "dir   c:\\");
    assert_eq!(parsed.comments.len(), 1);
    assert_eq!(parse("# a comment\n# escape=`\nFROM a").escape, '\\');
}

#[test]
fn flags_and_words_know_where_they_stand() {
    let text = "COPY --from=build --chown=a:b \\\n  /src/*.js \\\n  /app/\n";
    let copy = only(text);
    assert_eq!(copy.flag("from").map(|word| word.text.as_str()), Some("build"));
    assert_eq!(copy.flags[1].span.of(text), "--chown=a:b");
    assert_eq!(texts(copy.words()), ["/src/*.js", "/app/"]);
    assert_spans(text, copy.words());
}

#[test]
fn the_json_form_is_an_array_of_strings_and_nothing_else() {
    let text = r#"CMD [ "node", "a \"b\"", "\u00e4\ud83d\ude00" ]"#;
    let cmd = only(text);
    assert!(matches!(cmd.args, Args::Json(_)));
    assert_eq!(texts(cmd.words()), ["node", "a \"b\"", "ä😀"]);
    assert_eq!(cmd.words()[1].span.of(text), r#""a \"b\"""#);
    for command in [
        "CMD ['node']",
        "CMD [\"a\", 1]",
        "CMD [\"a\"] b",
        "CMD [\"a\",]",
        "CMD [",
        "CMD [ -f x ] || y",
        "CMD [\"\\q\"]",
    ] {
        assert!(matches!(only(command).args, Args::Command(_)), "{command}");
    }
    assert!(matches!(only("VOLUME []").args, Args::Json(words) if words.is_empty()));
}

#[test]
fn env_pairs_keep_quotes_until_asked() {
    let env = only("ENV A=1 B=\"x y\" C=a\\ b D='$A' E=${A:-z}-$B");
    let mut seen = Vec::new();
    for pair in env.pairs() {
        let value = pair.value.as_ref().unwrap();
        let lookup = |name: &str| (name == "B").then(|| "bee".to_owned());
        seen.push((pair.name.text.clone(), value.value('\\'), value.expand('\\', &mut { lookup })));
    }
    let row = |name: &str, value: &str, expanded: &str| (name.to_owned(), value.to_owned(), Some(expanded.to_owned()));
    assert_eq!(
        seen,
        [
            row("A", "1", "1"),
            row("B", "x y", "x y"),
            row("C", "a b", "a b"),
            row("D", "$A", "$A"),
            row("E", "${A:-z}-$B", "z-bee")
        ]
    );
    let old = only("ENV PATH /a b:$PATH");
    assert_eq!(
        (old.pairs()[0].name.text.as_str(), old.pairs()[0].value.as_ref().unwrap().text.as_str()),
        ("PATH", "/a b:$PATH")
    );
    let arg = only("ARG A B=2");
    assert_eq!(arg.pairs().len(), 2);
    assert_eq!(arg.pairs()[0].value, None);
}

#[test]
fn an_unknown_variable_leaves_the_word_unknown() {
    let word = |text: &str| Word { text: text.into(), span: Span::default() };
    let expand = |text: &str| word(text).expand('\\', &mut |name| (name == "V").then(|| "1".to_owned()));
    assert_eq!(expand("a:$V"), Some("a:1".into()));
    assert_eq!(expand("a:${V}-${X-b}${V:+c}${X:+d}"), Some("a:1-bc".into()));
    assert_eq!(expand("a:$X"), None);
    assert_eq!(expand("a:\\$X"), Some("a:$X".into()));
    assert_eq!(expand("a:${V"), Some("a:${V".into()));
    assert_eq!(expand(&"${X:-".repeat(1000)), Some("${X:-".repeat(1000)));
    assert_eq!(expand(&format!("{}{}", "${X:-".repeat(1000), "}".repeat(1000))), None);
}

#[test]
fn heredocs_belong_to_their_instruction() {
    let text = "FROM a\nRUN <<EOF\nset -e\n# kept\nEOF\nRUN cat <<A >x && cat <<-\"B\" >y\na $V\nA\n\tb\n\tB\nCOPY <<f.conf /etc/\nx\nf.conf\nUSER u\n";
    let parsed = parse(text);
    assert_eq!(parsed.flaws, []);
    assert_eq!(parsed.instructions.len(), 5);
    assert_eq!(parsed.instructions[1].shell_text(&outer(text)).unwrap().text(), "set -e\n# kept\n");
    let two = &parsed.instructions[2];
    assert_eq!(
        two.heredocs.iter().map(|doc| (doc.name.as_str(), doc.chomp, doc.expand)).collect::<Vec<_>>(),
        [("A", false, true), ("B", true, false)]
    );
    assert_eq!(two.heredocs[1].extract(&outer(text)).text(), "b\n");
    assert_eq!(two.shell_text(&outer(text)).unwrap().text(), "cat <<A >x && cat <<-\"B\" >y\na $V\nA\n\tb\n\tB");
    assert_eq!(parsed.instructions[3].heredocs[0].body.of(text), "x\n");
    for none in ["RUN cat <<<\"EOF\"", "RUN cat<<EOF", "RUN echo $((1 << 2))", "RUN [\"cat\", \"<<EOF\"]", "CMD <<EOF"]
    {
        assert_eq!(only(none).heredocs, [], "{none}");
    }
}

#[test]
fn onbuild_and_health_checks_show_what_they_hold() {
    let onbuild = only("ONBUILD COPY --chown=a . /app");
    assert!(onbuild.onbuild && onbuild.keyword == Keyword::Copy && onbuild.flags.len() == 1);
    let check = only("HEALTHCHECK --interval=5s CMD wget -q http://localhost/ || exit 1");
    assert!(matches!(&check.args, Args::Command(line) if line.text() == "wget -q http://localhost/ || exit 1"));
    assert!(matches!(only("HEALTHCHECK CMD [\"a\"]").args, Args::Json(_)));
    assert!(matches!(only("HEALTHCHECK NONE").args, Args::None));
}

#[test]
fn what_docker_refuses_is_a_flaw_and_the_rest_is_read() {
    let parsed = parse("FROM a\nINSTALL curl\nRUN\nRUN cat <<EOF\nnever closed\n");
    assert_eq!(parsed.flaws.len(), 3);
    assert_eq!(parsed.instructions.len(), 3);
}

#[test]
fn hostile_files_are_read_in_linear_time() {
    for text in [
        "FROM a\n".repeat(100_000),
        format!("RUN a{}", " \\\n b".repeat(200_000)),
        format!("RUN {}", "a ".repeat(1_000_000)),
        format!("RUN [{}", "[".repeat(200_000)),
        format!("ENV A=\"{}", "x \\\"".repeat(200_000)),
        format!("RUN {}\n", "<<A ".repeat(50_000)),
        format!("COPY --{}", "a=b --".repeat(100_000)),
        "ONBUILD ".repeat(100_000),
    ] {
        let work = Work::of("thread-self");
        parse(&text);
        assert!(work.done().as_secs() < 5, "{} took {:?}", &text[..20], work.done());
    }
}

#[test]
fn a_heredoc_for_an_interpreter_comes_with_the_interpreter_first() {
    let text = "RUN <<EOT bash -e\n  a\nEOT\nRUN b\n";
    let parsed = parse(text);
    let shell = parsed.instructions[0].shell_text(&outer(text)).unwrap();
    assert_eq!(shell.text(), " bash -e <<EOT\n  a\nEOT");
    let at = shell.text().find("a\n").unwrap();
    assert_eq!(shell.place(Span::new(at, at + 1)).range(), 20..21);
}
