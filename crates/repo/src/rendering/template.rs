//! The markup of a component of Svelte or Vue: which components it renders outright.

/// Names of the components that stand in the markup outside of every `{#if}`, `{#each}`, `v-if` and the like, as far as
/// the text tells.
pub(super) fn rendered(text: &str, is_vue: bool) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0usize;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(offset) = memchr::memchr2(b'<', b'{', &bytes[at..]) {
        let start = at + offset;
        at = start + 1;
        let rest = &text[start..];
        if let Some(block) = rest.strip_prefix("{#") {
            depth += usize::from(!block.starts_with("key"));
        } else if let Some(block) = rest.strip_prefix("{/") {
            depth = depth.saturating_sub(usize::from(!block.starts_with("key")));
        } else if rest.starts_with("<script") || rest.starts_with("<style") || rest.starts_with("<!--") {
            let end = if rest.starts_with("<!--") {
                "-->"
            } else if rest.starts_with("<style") {
                "</style"
            } else {
                "</script"
            };
            at = rest.find(end).map_or(text.len(), |length| start + length);
        } else if rest.starts_with("<ClientOnly") || rest.starts_with("<client-only") {
            depth += 1;
        } else if rest.starts_with("</ClientOnly") || rest.starts_with("</client-only") {
            depth = depth.saturating_sub(1);
        } else if let Some(tag) = rest.strip_prefix('<')
            && tag.starts_with(char::is_uppercase)
        {
            let end = tag.find(|c: char| !c.is_alphanumeric()).unwrap_or(tag.len());
            let attributes = tag.split('>').next().unwrap_or_default();
            let is_conditional = is_vue && ["v-if", "v-else", "v-for"].iter().any(|word| attributes.contains(word));
            if depth == 0 && !is_conditional {
                names.push(tag[..end].to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_outside_of_conditions_are_rendered_outright() {
        let text = "<script>let a = '<X/>'</script>\n<Map/>\n{#if open}<Dialog/>{:else}<Other/>{/if}\n{#key id}<Chart {id}/>{/key}<p/>";
        assert_eq!(rendered(text, false), ["Map", "Chart"]);
        assert_eq!(rendered("<A v-if=\"x\"/><B/><ClientOnly><C/></ClientOnly>", true), ["B"]);
    }
}
