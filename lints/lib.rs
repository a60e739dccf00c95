//! Every lint, one folder each. `ls lints` is the catalogue.
