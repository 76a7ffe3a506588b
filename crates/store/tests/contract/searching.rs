//! Searching: who is found, in which order, and how many.

use std::sync::Arc;

use registry::{
    commit::Content,
    search::{
        DateMatch, DateParam, Filter, Param, Prefix, SortField, SortKey, StringParam, TextMode,
        TokenMatch, TokenParam,
    },
};
use store::{FoundPersons, Reader, Sought, Store, Window};

use crate::{
    contract,
    scribe::{Scribe, content, date, tag, text, token},
    view::ALL,
};

contract![
    records_and_golden_records_are_found_in_order_of_age,
    golden_record_made_later_comes_later,
    withdrawn_and_retired_are_not_found,
    replaced_golden_record_is_found_by_its_successor,
    new_content_replaces_what_a_record_is_found_by,
    change_of_link_keeps_what_a_record_is_found_by,
    returning_record_is_found_again,
    withdrawn_record_must_return_with_content,
    links_are_searched_both_ways,
    own_and_submitted_tags_are_found,
    codes_of_submitted_tags_are_listed_once,
    words_with_a_beginning_are_listed_once,
    persons_are_found_by_what_holds_for_one_record,
    persons_are_found_by_cruid_and_by_broken_pairs,
    persons_are_found_where_each_thing_fits_many,
    wildcards_and_quotes_are_plain_letters,
    window_gives_pages_and_the_total,
    sort_keys_come_before_age,
    what_has_no_value_sorts_last,
    hundreds_of_alternatives_are_no_trouble,
    nothing_finds_nothing,
];

pub(crate) async fn find(store: &dyn Reader, filters: &[Filter], sort: &[SortKey]) -> Vec<String> {
    let found = store.search(filters, sort, ALL).await.unwrap();
    assert_eq!(found.total, found.ids.len() as u64);
    found.ids
}

fn family(mode: TextMode, text: &str) -> Filter {
    Filter::Text { param: StringParam::Family, mode, any: vec![text.to_owned()] }
}

fn named(family: &str) -> Content {
    content(family, vec![text(Param::Family, family)])
}

fn has_tag(system: Option<Option<&str>>, code: &str, negated: bool) -> Filter {
    let system = system.map(|system| system.map(str::to_owned));
    Filter::Tag { negated, any: vec![TokenMatch { system, code: Some(code.to_owned()) }] }
}

async fn records_and_golden_records_are_found_in_order_of_age(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    // Two records in one golden record, so that the numbers of the two kinds run apart.
    for (id, golden) in [("r1", "g1"), ("r2", "g1"), ("r3", "g1"), ("r4", "g4"), ("r5", "g5")] {
        scribe.submit(id, golden, content(id, vec![]));
    }
    store.commit(scribe.commit()).await.unwrap();
    scribe.submit("r6", "g4", content("r6", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    scribe.submit("r7", "g7", content("r7", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    let expected = ["r1", "g1", "r2", "r3", "r4", "g4", "r5", "g5", "r6", "r7", "g7"];
    assert_eq!(find(&*store, &[], &[]).await, expected);
}

async fn golden_record_made_later_comes_later(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", content("r1", vec![]));
    scribe.submit("r2", "g1", content("r2", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    scribe.link("r1", "g2");
    scribe.submit("r3", "g3", content("r3", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(find(&*store, &[], &[]).await, ["r1", "g1", "r2", "g2", "r3", "g3"]);
}

async fn withdrawn_and_retired_are_not_found(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", named("amina"));
    scribe.submit("r2", "g2", named("amina"));
    store.commit(scribe.commit()).await.unwrap();
    scribe.withdraw("r1");
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(find(&*store, &[], &[]).await, ["r2", "g2"]);
    assert_eq!(find(&*store, &[family(TextMode::Starts, "am")], &[]).await, ["r2"]);
    let ids = ["r1", "g1", "r2"].map(str::to_owned).to_vec();
    assert_eq!(find(&*store, &[Filter::Id(ids)], &[]).await, ["r2"]);
}

async fn replaced_golden_record_is_found_by_its_successor(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", named("amina"));
    scribe.submit("r2", "g2", named("amina"));
    scribe.link("r1", "g2");
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(find(&*store, &[], &[]).await, ["r1", "g1", "r2", "g2"]);
    assert_eq!(find(&*store, &[Filter::Link(vec!["g2".into()])], &[]).await, ["r1", "g1", "r2"]);
}

async fn new_content_replaces_what_a_record_is_found_by(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", named("amina"));
    store.commit(scribe.commit()).await.unwrap();
    scribe.resubmit("r1", named("zola"));
    scribe.resubmit("r1", named("wanjiku"));
    store.commit(scribe.commit()).await.unwrap();
    assert!(find(&*store, &[family(TextMode::Starts, "a")], &[]).await.is_empty());
    assert!(find(&*store, &[family(TextMode::Starts, "z")], &[]).await.is_empty());
    assert_eq!(find(&*store, &[family(TextMode::Starts, "w")], &[]).await, ["r1"]);
}

async fn change_of_link_keeps_what_a_record_is_found_by(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    let mut amina = named("amina");
    amina.tags = vec![tag(None, "theirs")];
    scribe.submit("r1", "g1", amina);
    store.commit(scribe.commit()).await.unwrap();
    scribe.link("r1", "g2");
    scribe.set_tags("r1", vec![tag(None, "ours")]);
    store.commit(scribe.commit()).await.unwrap();
    let filters = [family(TextMode::Exact, "amina"), has_tag(None, "theirs", false)];
    assert_eq!(find(&*store, &filters, &[]).await, ["r1"]);
    assert_eq!(find(&*store, &[has_tag(None, "ours", false)], &[]).await, ["r1"]);
}

async fn returning_record_is_found_again(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", named("amina"));
    store.commit(scribe.commit()).await.unwrap();
    scribe.withdraw("r1");
    store.commit(scribe.commit()).await.unwrap();
    scribe.resubmit("r1", named("amina"));
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(find(&*store, &[family(TextMode::Exact, "amina")], &[]).await, ["r1"]);
}

async fn withdrawn_record_must_return_with_content(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", named("amina"));
    store.commit(scribe.commit()).await.unwrap();
    scribe.withdraw("r1");
    store.commit(scribe.commit()).await.unwrap();
    scribe.resubmit("r1", named("amina"));
    let mut commit = scribe.commit();
    commit.contents.clear();
    store.commit(commit).await.unwrap_err();
}

async fn links_are_searched_both_ways(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", content("1", vec![]));
    scribe.submit("r2", "g1", content("2", vec![]));
    scribe.submit("r3", "g3", content("3", vec![]));
    scribe.withdraw("r2");
    store.commit(scribe.commit()).await.unwrap();
    let linked = |ids: &[&str]| [Filter::Link(ids.iter().map(|id| (*id).to_owned()).collect())];
    assert_eq!(find(&*store, &linked(&["g1"]), &[]).await, ["r1"]);
    assert_eq!(find(&*store, &linked(&["r1"]), &[]).await, ["g1"]);
    assert!(find(&*store, &linked(&["r2"]), &[]).await.is_empty());
    assert_eq!(find(&*store, &linked(&["g3", "r1", "nobody"]), &[]).await, ["g1", "r3"]);
    assert!(find(&*store, &linked(&[]), &[]).await.is_empty());
}

async fn own_and_submitted_tags_are_found(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    let mut tagged = content("1", vec![]);
    tagged.tags = vec![tag(Some("theirs"), "x")];
    scribe.submit("r1", "g1", tagged);
    scribe.submit("r2", "g2", content("2", vec![]));
    scribe.set_tags("r1", vec![tag(Some("ours"), "x")]);
    scribe.set_tags("r2", vec![tag(Some("ours"), "x")]);
    scribe.set_tags("g1", vec![tag(None, "golden")]);
    scribe.set_tags("g2", vec![tag(None, "golden")]);
    store.commit(scribe.commit()).await.unwrap();
    for (filter, expected) in [
        (has_tag(None, "x", false), vec!["r1", "r2"]),
        (has_tag(Some(Some("theirs")), "x", false), vec!["r1"]),
        (has_tag(Some(Some("theirs")), "x", true), vec!["g1", "r2", "g2"]),
        (has_tag(None, "golden", true), vec!["r1", "r2"]),
        (has_tag(Some(None), "golden", false), vec!["g1", "g2"]),
        (has_tag(Some(None), "x", false), vec![]),
        (has_tag(Some(Some("")), "golden", false), vec![]),
    ] {
        assert_eq!(find(&*store, std::slice::from_ref(&filter), &[]).await, expected, "{filter:?}");
    }
}

async fn codes_of_submitted_tags_are_listed_once(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    let tags = |codes: &[&str]| codes.iter().map(|code| tag(Some("file"), code)).collect();
    for (id, codes) in [("r1", ["b", "a"]), ("r2", ["a", "c"]), ("r3", ["d", "e"])] {
        let mut tagged = content(id, vec![]);
        tagged.tags = tags(&codes);
        tagged.tags.push(tag(Some("other"), "x"));
        scribe.submit(id, "g", tagged);
    }
    scribe.set_tags("r1", vec![tag(Some("file"), "ours")]);
    store.commit(scribe.commit()).await.unwrap();
    scribe.withdraw("r3");
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(store.tag_codes("file", 10).await.unwrap(), ["a", "b", "c"]);
    assert_eq!(store.tag_codes("file", 2).await.unwrap(), ["a", "b"]);
    assert_eq!(store.tag_codes("other", 10).await.unwrap(), ["x"]);
    assert!(store.tag_codes("none", 10).await.unwrap().is_empty());
}

async fn words_with_a_beginning_are_listed_once(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    for (id, name) in
        [("r1", "Moyo"), ("r2", "moyo"), ("r3", "Mayo"), ("r4", "Nyoni"), ("r5", "መኮንን")]
    {
        scribe.submit(id, "g", named(name));
    }
    store.commit(scribe.commit()).await.unwrap();
    let words = async |start: &str, limit| store.words(Param::Family, start, limit).await.unwrap();
    assert_eq!(words("m", 10).await, ["mayo", "moyo"]);
    assert_eq!(words("m", 1).await, ["mayo"]);
    assert_eq!(words("", 10).await, ["mayo", "moyo", "nyoni", "መኮንን"]);
    assert_eq!(words("መ", 10).await, ["መኮንን"]);
    assert!(words("x", 10).await.is_empty() && words("m%", 10).await.is_empty());
    assert!(store.words(Param::Given, "m", 10).await.unwrap().is_empty());
    scribe.withdraw("r3");
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(words("m", 10).await, ["moyo"]);
}

async fn look(store: &dyn Store, sought: &Sought, limit: u32) -> (Vec<String>, bool) {
    let FoundPersons { persons, is_cut } = store.persons(sought, limit).await.unwrap();
    (persons.iter().map(ToString::to_string).collect(), is_cut)
}

async fn persons_are_found_by_what_holds_for_one_record(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    let born = |year: i64| date(Param::Birthdate, year, year + 1);
    for (id, golden, name, year) in [
        ("r1", "g1", "moyo", 1987),
        ("r2", "g2", "moyana", 1987),
        ("r3", "g1", "moyo", 1990),
        ("r4", "g3", "nyoni", 1990),
        ("r5", "g4", "moyo", 1990),
    ] {
        let index = vec![text(Param::Family, name), text(Param::Given, "moya"), born(year)];
        scribe.submit(id, golden, content(id, index));
    }
    scribe.withdraw("r5");
    store.commit(scribe.commit()).await.unwrap();
    let year = |year: i64| Filter::Date {
        param: DateParam::Birthdate,
        any: vec![DateMatch { prefix: Prefix::Eq, range: (year, year + 1) }],
    };
    let with = |filters: &[Filter]| Sought { filters: filters.to_vec(), ..Sought::default() };
    let moyo = family(TextMode::Starts, "moy");
    let all = |ids: &[&str]| (ids.iter().map(ToString::to_string).collect::<Vec<_>>(), false);
    for (filters, expected) in [
        (&[moyo.clone()][..], &["g1", "g2"][..]),
        (&[moyo.clone(), year(1987)], &["g1", "g2"]),
        (&[moyo.clone(), year(1990)], &["g1"]),
        (&[family(TextMode::Starts, "nyoni"), year(1987)], &[]),
        (&[], &["g1", "g2", "g3"]),
        (&[Filter::Link(vec!["g3".into(), "g2".into()])], &["g2", "g3"]),
        (&[moyo.clone(), Filter::Nothing], &[]),
    ] {
        assert_eq!(look(&*store, &with(filters), 9).await, all(expected), "{filters:?}");
    }
    let (some, is_cut) = look(&*store, &with(std::slice::from_ref(&moyo)), 1).await;
    assert!(is_cut && some.len() == 1 && ["g1", "g2"].contains(&some[0].as_str()), "{some:?}");
    assert_eq!(look(&*store, &with(&[moyo]), 3).await, all(&["g1", "g2"]));
}

async fn persons_are_found_by_cruid_and_by_broken_pairs(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    for (id, golden) in [("r1", "g1"), ("r2", "g12"), ("r3", "g2"), ("g1r", "x1")] {
        scribe.submit(id, golden, named("amina"));
    }
    scribe.break_pair("r1", "r3");
    store.commit(scribe.commit()).await.unwrap();
    let begins = |start: &str| Sought { cruid_start: start.to_owned(), ..Sought::default() };
    let is = |ids: &[&str]| (ids.iter().map(ToString::to_string).collect::<Vec<_>>(), false);
    assert_eq!(look(&*store, &begins("g1"), 9).await, is(&["g1", "g12"]));
    assert_eq!(look(&*store, &begins("g12"), 9).await, is(&["g12"]));
    assert_eq!(look(&*store, &begins("r"), 9).await, is(&[]), "records are no persons");
    let broken = Sought { is_broken: true, ..Sought::default() };
    assert_eq!(look(&*store, &broken, 9).await, is(&["g1", "g2"]));
    let both = Sought { is_broken: true, ..begins("g1") };
    assert_eq!(look(&*store, &both, 9).await, is(&["g1"]));
    let named = family(TextMode::Starts, "am");
    let all = Sought { filters: vec![named], ..both };
    assert_eq!(look(&*store, &all, 9).await, is(&["g1"]));
    scribe.link("r2", "g2");
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(look(&*store, &begins("g12"), 9).await, is(&[]), "nobody is there any more");
}

async fn persons_are_found_where_each_thing_fits_many(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    for number in 0..1_600 {
        let given = if number % 3 == 0 { "bea" } else { "ann" };
        let sex = if number % 400 == 1 { "female" } else { "male" };
        let index = vec![
            text(Param::Family, "moyo"),
            text(Param::Given, given),
            token(Param::Gender, None, sex),
        ];
        let golden = format!("g{}", number / 2);
        scribe.submit(&format!("r{number}"), &golden, content(&format!("c{number}"), index));
    }
    store.commit(scribe.commit()).await.unwrap();
    let given = |text: &str| Filter::Text {
        param: StringParam::Given,
        mode: TextMode::Starts,
        any: vec![text.to_owned()],
    };
    let not_male = Filter::Token {
        param: TokenParam::Gender,
        negated: true,
        any: vec![TokenMatch::code("male")],
    };
    let moyo = family(TextMode::Starts, "moy");
    let with = |filters: &[Filter]| Sought { filters: filters.to_vec(), ..Sought::default() };
    let ann = look(&*store, &with(&[moyo.clone(), given("a")]), 5_000).await;
    let expected: Vec<String> = (0..800)
        .filter(|golden| [0, 1].iter().any(|one| (golden * 2 + one) % 3 != 0))
        .map(|golden| format!("g{golden}"))
        .collect();
    assert_eq!(ann, (expected, false));
    let (some, is_cut) = look(&*store, &with(&[moyo.clone(), given("a")]), 10).await;
    assert!(is_cut && !some.is_empty() && some.len() <= 10, "{some:?}");
    let few = look(&*store, &with(&[moyo.clone(), given("a"), not_male]), 5_000).await;
    assert_eq!(few, (vec!["g0".to_owned(), "g200".to_owned(), "g600".to_owned()], false));
    let begins = Sought { cruid_start: "g".to_owned(), ..with(&[moyo, given("b")]) };
    assert_eq!(look(&*store, &begins, 5_000).await.0.len(), 534);
    let none = Sought { cruid_start: "x".to_owned(), ..begins };
    assert_eq!(look(&*store, &none, 5_000).await, (Vec::new(), false));
}

async fn wildcards_and_quotes_are_plain_letters(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    let names = ["100%", "100x", "a_b", "axb", "o'brien", "say \"hi\"", "back\\slash", "ñandú"];
    for (number, name) in names.iter().enumerate() {
        scribe.submit(&format!("r{number}"), "g", named(name));
    }
    store.commit(scribe.commit()).await.unwrap();
    for (part, expected) in [
        ("0%", vec!["r0"]),
        ("a_", vec!["r2"]),
        ("o'", vec!["r4"]),
        ("\"hi", vec!["r5"]),
        ("\\s", vec!["r6"]),
        ("and", vec!["r7"]),
        ("ñ", vec!["r7"]),
        ("%", vec!["r0"]),
        ("AXB", vec![]),
    ] {
        let found = find(&*store, &[family(TextMode::Contains, part)], &[]).await;
        assert_eq!(found, expected, "{part}");
    }
    assert_eq!(find(&*store, &[family(TextMode::Starts, "a_")], &[]).await, ["r2"]);
    assert_eq!(find(&*store, &[family(TextMode::Starts, "")], &[]).await.len(), names.len());
}

async fn window_gives_pages_and_the_total(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    for number in 0..10 {
        scribe.submit(&format!("r{number}"), "g", named("same"));
    }
    store.commit(scribe.commit()).await.unwrap();
    let filters = [family(TextMode::Exact, "same")];
    for (offset, limit, expected) in [
        (0, 3, vec!["r0", "r1", "r2"]),
        (9, 3, vec!["r9"]),
        (10, 3, vec![]),
        (0, 0, vec![]),
        (u64::MAX, u64::MAX, vec![]),
    ] {
        let found = store.search(&filters, &[], Window { offset, limit }).await.unwrap();
        assert_eq!(
            (found.ids, found.total),
            (expected.iter().map(|id| id.to_string()).collect(), 10)
        );
    }
}

async fn people(store: &dyn Store) {
    let mut scribe = Scribe::default();
    let rows =
        vec![text(Param::Family, "b"), text(Param::Family, "y"), date(Param::Birthdate, 5, 6)];
    scribe.submit("r1", "g", content("1", rows));
    let rows = vec![text(Param::Family, "c"), token(Param::Gender, None, "male")];
    scribe.submit("r2", "g", content("2", rows));
    let rows = vec![date(Param::Birthdate, 5, 9), token(Param::Gender, None, "female")];
    scribe.submit("r3", "g", content("3", rows));
    scribe.submit("r4", "g", content("4", vec![text(Param::Family, "b")]));
    store.commit(scribe.commit()).await.unwrap();
}

fn by(field: SortField, descending: bool) -> SortKey {
    SortKey { field, descending }
}

async fn sort_keys_come_before_age(store: Arc<dyn Store>) {
    people(&*store).await;
    for (sort, expected) in [
        (vec![by(SortField::Family, false)], ["r1", "r4", "r2", "g", "r3"]),
        (vec![by(SortField::Family, true)], ["r1", "r2", "r4", "g", "r3"]),
        (
            vec![by(SortField::Family, false), by(SortField::Id, true)],
            ["r4", "r1", "r2", "r3", "g"],
        ),
        (vec![by(SortField::Id, true)], ["r4", "r3", "r2", "r1", "g"]),
        (vec![by(SortField::Gender, false)], ["r3", "r2", "r1", "g", "r4"]),
    ] {
        let found = find(&*store, &[], &sort).await;
        if sort[0].field == SortField::Family || sort[0].field == SortField::Gender {
            assert_eq!(found[..2], expected[..2], "{sort:?}");
        }
        assert_eq!(found, expected, "{sort:?}");
    }
}

async fn what_has_no_value_sorts_last(store: Arc<dyn Store>) {
    people(&*store).await;
    for descending in [false, true] {
        let found = find(&*store, &[], &[by(SortField::Birthdate, descending)]).await;
        assert_eq!(found, ["r1", "r3", "g", "r2", "r4"]);
    }
}

async fn hundreds_of_alternatives_are_no_trouble(store: Arc<dyn Store>) {
    people(&*store).await;
    let many = |last: &str| {
        let mut many: Vec<String> = (0..2000).map(|number| format!("no{number}")).collect();
        many.push(last.to_owned());
        many
    };
    assert_eq!(find(&*store, &[Filter::Id(many("r2"))], &[]).await, ["r2"]);
    assert_eq!(find(&*store, &[Filter::Link(many("r2"))], &[]).await, ["g"]);
    for mode in [TextMode::Starts, TextMode::Contains, TextMode::Exact] {
        let filter = Filter::Text { param: StringParam::Name, mode, any: many("c") };
        assert_eq!(find(&*store, &[filter], &[]).await, ["r2"]);
    }
    let any: Vec<TokenMatch> = many("male")
        .into_iter()
        .map(|code| TokenMatch { system: Some(None), code: Some(code) })
        .collect();
    let filter = Filter::Token { param: TokenParam::Gender, negated: false, any };
    assert_eq!(find(&*store, &[filter], &[]).await, ["r2"]);
    let any = (0..2000).map(|n| DateMatch { prefix: Prefix::Eq, range: (n * 10, n * 10 + 7) });
    let filter = Filter::LastUpdated(any.collect());
    assert!(find(&*store, &[filter], &[]).await.is_empty());
}

async fn nothing_finds_nothing(store: Arc<dyn Store>) {
    people(&*store).await;
    assert!(find(&*store, &[Filter::Nothing], &[]).await.is_empty());
    assert!(find(&*store, &[Filter::Id(vec![])], &[]).await.is_empty());
}
