//! Generated patients and filters: SQL finds what the reference finds.

use std::sync::{Arc, OnceLock};

use proptest::{collection::vec, option, prelude::*, sample::select};
use registry::{
    commit::{Content, TagKey},
    ids::ContentHash,
    search::{
        DateMatch, DateParam, Filter, IndexEntry, IndexValue, Param, Prefix, SortField, SortKey,
        StringParam, TextMode, TokenMatch, TokenParam,
    },
};
use store::{MemoryStore, PostgresStore, Reader, Sought, SqliteStore, Store, Window};
use tokio::runtime::Runtime;

use crate::scribe::Scribe;

/// Few letters, so that texts meet; awkward ones, so that they may go wrong.
fn word() -> impl Strategy<Value = String> {
    let letters = [
        "a",
        "b",
        "A",
        "%",
        "_",
        "'",
        "\\",
        "\"",
        " ",
        "é",
        "\u{d7ff}",
        "\u{e000}",
        "\u{10ffff}",
        "🧑",
        "\u{0}",
        "*",
    ];
    vec(select(letters.to_vec()), 0..4).prop_map(|letters| letters.concat())
}

fn entry() -> impl Strategy<Value = IndexEntry> {
    let texts = vec![Param::Family, Param::Given, Param::NamePart, Param::AddressCity];
    let tokens = vec![Param::Identifier, Param::Gender, Param::Phone, Param::Telecom];
    let dates = vec![Param::Birthdate, Param::DeathDate];
    prop_oneof![
        (select(texts), word(), word()).prop_map(|(param, folded, exact)| IndexEntry {
            param,
            value: IndexValue::Text { folded, exact }
        }),
        (select(tokens), option::of(word()), word()).prop_map(|(param, system, code)| {
            IndexEntry { param, value: IndexValue::Token { system, code } }
        }),
        (select(dates), -5..5_i64, 1..5_i64).prop_map(|(param, lo, length)| IndexEntry {
            param,
            value: IndexValue::Date { lo, hi: lo + length }
        }),
    ]
}

fn token_match() -> impl Strategy<Value = TokenMatch> {
    (option::of(option::of(word())), option::of(word()))
        .prop_map(|(system, code)| TokenMatch { system, code })
}

fn date_match(base: i64) -> impl Strategy<Value = DateMatch> {
    use Prefix::{Ap, Eb, Eq, Ge, Gt, Le, Lt, Ne, Sa};
    (select(vec![Eq, Ne, Gt, Lt, Ge, Le, Sa, Eb, Ap]), -6..6_i64, 1..6_i64).prop_map(
        move |(prefix, start, length)| DateMatch {
            prefix,
            range: (base + start, base + start + length),
        },
    )
}

fn id() -> impl Strategy<Value = String> {
    (select(vec!["r", "g", "x"]), 0..30_u32).prop_map(|(kind, number)| format!("{kind}{number}"))
}

fn filter() -> impl Strategy<Value = Filter> {
    let strings = vec![StringParam::Family, StringParam::Name, StringParam::Address];
    let modes = vec![TextMode::Starts, TextMode::Contains, TextMode::Exact];
    let tokens = vec![TokenParam::Identifier, TokenParam::Gender, TokenParam::Telecom];
    let dates = vec![DateParam::Birthdate, DateParam::DeathDate];
    let params: Vec<&'static [Param]> = vec![
        StringParam::Name.params(),
        TokenParam::Telecom.params(),
        DateParam::DeathDate.params(),
    ];
    prop_oneof![
        1 => vec(id(), 0..20).prop_map(Filter::Id),
        4 => (select(strings), select(modes), vec(word(), 0..4))
            .prop_map(|(param, mode, any)| Filter::Text { param, mode, any }),
        4 => (select(tokens), any::<bool>(), vec(token_match(), 0..4))
            .prop_map(|(param, negated, any)| Filter::Token { param, negated, any }),
        3 => (select(dates), vec(date_match(0), 0..3))
            .prop_map(|(param, any)| Filter::Date { param, any }),
        2 => (select(params), any::<bool>())
            .prop_map(|(params, missing)| Filter::Missing { params, missing }),
        2 => (any::<bool>(), vec(token_match(), 0..4))
            .prop_map(|(negated, any)| Filter::Tag { negated, any }),
        2 => vec(id(), 0..8).prop_map(Filter::Link),
        // The scribe's clock starts there and ticks once in two events.
        2 => vec(date_match(1_700_000_000_000_015), 0..3).prop_map(Filter::LastUpdated),
    ]
}

fn sort_key() -> impl Strategy<Value = SortKey> {
    use SortField::{Birthdate, Family, Gender, Given, Id, LastUpdated};
    (select(vec![Id, LastUpdated, Birthdate, Family, Given, Gender]), any::<bool>())
        .prop_map(|(field, descending)| SortKey { field, descending })
}

fn tags() -> impl Strategy<Value = Vec<TagKey>> {
    let tag = (option::of(word()), word()).prop_map(|(system, code)| TagKey { system, code });
    vec(tag, 0..3)
}

type Person = (u32, Vec<IndexEntry>, Vec<TagKey>, Vec<TagKey>, u8);

fn people() -> impl Strategy<Value = Vec<Person>> {
    vec((0..30_u32, vec(entry(), 0..8), tags(), tags(), 0..8_u8), 1..30)
}

fn content(number: usize, index: Vec<IndexEntry>, tags: Vec<TagKey>) -> Content {
    let text = format!("{{\"n\":{number}}}");
    Content { hash: ContentHash::of(&text), text, index, tags }
}

/// The stores with the same people; some records are withdrawn, moved or changed.
async fn fill(people: Vec<Person>) -> (tempfile::TempDir, SqliteStore, PostgresStore, MemoryStore) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(&folder.path().join("r.db")).await.unwrap();
    let postgres = PostgresStore::open(&testkit::postgres::url()).await.unwrap();
    let memory = MemoryStore::default();
    let mut scribe = Scribe::default();
    for (number, (golden, index, submitted, own, fate)) in people.into_iter().enumerate() {
        let (id, golden) = (format!("r{number}"), format!("g{golden}"));
        scribe.submit(&id, &golden, content(number, index.clone(), submitted.clone()));
        scribe.set_tags(&id, own.clone());
        scribe.set_tags(&golden, own);
        match fate {
            0 => scribe.withdraw(&id),
            1 => scribe.link(&id, "g0"),
            2 => scribe.resubmit(&id, content(number + 1000, index, submitted)),
            _ => {}
        }
        if fate == 3 && number > 0 {
            scribe.break_pair("r0", &id);
        }
        if number % 4 == 0 {
            let commit = scribe.commit();
            memory.commit(commit.clone()).await.unwrap();
            sqlite.commit(commit.clone()).await.unwrap();
            postgres.commit(commit).await.unwrap();
        }
    }
    let commit = scribe.commit();
    memory.commit(commit.clone()).await.unwrap();
    sqlite.commit(commit.clone()).await.unwrap();
    postgres.commit(commit).await.unwrap();
    (folder, sqlite, postgres, memory)
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn sql_finds_what_the_reference_finds(
        people in people(),
        searches in vec((vec(filter(), 0..4), vec(sort_key(), 0..3), 0..4_u64, 0..12_u64), 60),
    ) {
        runtime().block_on(async {
            let (_folder, sqlite, postgres, memory) = fill(people).await;
            for (filters, sort, offset, limit) in searches {
                let window = Window { offset, limit };
                let expected = memory.search(&filters, &sort, window).await.unwrap();
                let found = sqlite.search(&filters, &sort, window).await.unwrap();
                prop_assert_eq!(&found, &expected, "{:?} {:?} {:?}", filters, sort, window);
                let found = postgres.search(&filters, &sort, window).await.unwrap();
                prop_assert_eq!(&found, &expected, "{:?} {:?} {:?}", filters, sort, window);
                let sought = Sought {
                    filters,
                    cruid_start: ["", "g", "g1"][offset as usize % 3].to_owned(),
                    is_broken: limit == 0,
                };
                let all = memory.persons(&sought, 100).await.unwrap();
                let some = memory.persons(&sought, limit as u32).await.unwrap();
                for store in [&sqlite as &dyn Reader, &postgres] {
                    prop_assert_eq!(&store.persons(&sought, 100).await.unwrap(), &all, "{:?}", sought);
                    let found = store.persons(&sought, limit as u32).await.unwrap();
                    prop_assert_eq!(found.is_cut, some.is_cut, "{:?}", sought);
                    prop_assert!(found.persons.iter().all(|cruid| all.persons.contains(cruid)));
                }
            }
            Ok(())
        })?;
    }
}

#[test]
fn all_stores_show_the_same_life() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = SqliteStore::open(&folder.path().join("r.db")).await.unwrap();
        let postgres = PostgresStore::open(&testkit::postgres::url()).await.unwrap();
        let memory: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let mut commits = Vec::new();
        crate::commits::life(|scribe| commits.push((scribe.commit(), scribe.clone())));
        for (commit, scribe) in commits {
            memory.commit(commit.clone()).await.unwrap();
            sqlite.commit(commit.clone()).await.unwrap();
            postgres.commit(commit).await.unwrap();
            let expected = crate::view::view(&*memory, &scribe).await;
            assert_eq!(crate::view::view(&sqlite, &scribe).await, expected);
            assert_eq!(crate::view::view(&postgres, &scribe).await, expected);
        }
    });
}
