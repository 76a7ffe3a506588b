//! Texts that searches know, for whoever looks for those that are like another.

use registry::search::Param;

use super::{
    rows::text,
    sql::{Db, held},
};
use crate::{StoreError, shape::after_prefix};

/// The folded texts of a kind with this beginning, of each its first 200 characters, which the index
/// has. It is read by leaps from one text to the next, since a name may stand there for each of ten
/// thousand patients.
pub(super) async fn words(
    db: Db<'_>,
    kind: Param,
    start: &str,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let below =
        if after_prefix(start).is_some() { "AND left(t.folded, 200) < $3" } else { "AND $3 = ''" };
    let next = |from: &str| {
        format!(
            "(SELECT left(t.folded, 200) FROM idx_text t WHERE t.param = $1 \
             AND left(t.folded, 200) {from} {below} ORDER BY left(t.folded, 200) LIMIT 1)"
        )
    };
    let sql = format!(
        "WITH RECURSIVE leap (word) AS (SELECT {} UNION ALL SELECT {} FROM leap \
         WHERE leap.word IS NOT NULL) SELECT word FROM leap WHERE word IS NOT NULL LIMIT $4",
        next(">= $2"),
        next("> leap.word"),
    );
    let end = after_prefix(start).unwrap_or_default();
    let kind = i64::from(kind.to_code());
    let limit = i64::from(limit);
    db.all(&sql, &[&kind, &held(start), &held(&end), &limit], |row| Ok(text(row, 0)?.into_owned()))
        .await
}
