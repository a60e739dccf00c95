//! Did you mean …?

/// The candidate that is most like `name`, if it is near enough to be meant: a third of the longer one's letters may
/// differ. Of equally near ones, the first.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates = candidates.into_iter().map(|candidate| (distance(name, candidate), candidate));
    let (distance, candidate) = candidates.min_by_key(|(distance, _)| *distance)?;
    let longer = name.chars().count().max(candidate.chars().count());
    (distance * 3 <= longer).then_some(candidate)
}

/// How many letters have to be inserted, deleted, replaced or swapped with their neighbour (optimal string alignment),
/// upper and lower case alike.
fn distance(a: &str, b: &str) -> usize {
    let letters = |text: &str| text.chars().take(200).flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (a, b) = (letters(a), letters(b));
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_what_is_near_is_meant() {
        assert_eq!(nearest("postgers", ["redis", "postgres", "web"]), Some("postgres"));
        assert_eq!(nearest("cache", ["redis", "postgres"]), None);
        assert_eq!(nearest("Build", ["build"]), Some("build"));
    }
}
