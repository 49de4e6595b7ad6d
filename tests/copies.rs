//! Copies of one article and articles on one event, on the real binary: which text is published, and what is said of each copy.
#![cfg(feature = "cli")]

mod support;

use std::collections::BTreeSet;

use support::{Folders, article, paths, set};

#[test]
fn the_same_bytes_with_another_sidecar_are_a_copy_of_their_own() {
    let folders = Folders::new();
    for (name, day) in [("one", 2), ("two", 1), ("three", 2)] {
        let sidecar = serde_json::json!({
            "url": format!("https://{name}.example/{name}"), "site": format!("{name}.example"),
            "date_published": format!("2024-03-0{day}"), "fetched_at": "2024-03-05T00:00:00Z",
        });
        folders.drop_in(format!("{name}.txt.meta.json"), sidecar.to_string());
        folders.drop_in(format!("{name}.txt"), article(1));
        // The first two are one batch, the third meets a body in the state.
        assert!(name == "one" || folders.once().status.success());
    }
    let record = folders.only_record();
    let copies = record["copies"].as_array().expect("copies");
    let told: BTreeSet<_> = copies.iter().map(|copy| format!("{} {}", copy["url"], copy["date_published"])).collect();
    assert_eq!(
        told,
        set(&[
            r#""https://one.example/one" "2024-03-02""#,
            r#""https://two.example/two" "2024-03-01""#,
            r#""https://three.example/three" "2024-03-02""#,
        ])
    );
    assert_eq!((&record["site"], &record["date_published"]), (&"two.example".into(), &"2024-03-01".into()));
    assert_eq!(copies[0]["path"], "two.txt");
    assert!(copies[1..].iter().all(|copy| copy["relation"] == "exact"));
}

#[test]
fn a_page_that_shows_its_earlier_text_again_is_published_so() {
    let folders = Folders::new();
    let state = |end: &str| {
        let text = format!("{}\n\n{end}", article(1));
        serde_json::json!({ "url": "https://paper.example/mill", "text": text }).to_string()
    };
    let (before, between) = (state("Two mills are closed."), state("Three mills are closed, says the council."));
    for (name, state) in [("mon.json", &before), ("tue.json", &between), ("wed.json", &before)] {
        folders.drop_in(name, state);
        assert!(folders.once().status.success());
    }
    let record = folders.only_record();
    assert_eq!(record["copies_total"], 3);
    assert!(record["text"].as_str().is_some_and(|text| text.ends_with("Two mills are closed.")), "{record}");
}

#[test]
fn an_article_of_very_many_copies_goes_on_being_updated() {
    let folders = Folders::new();
    let states: Vec<String> = (1..=90)
        .map(|hour| {
            let text = format!("{}\n\nUpdate {hour} of this day.", article(1));
            serde_json::json!({ "url": "https://paper.example/live", "text": text }).to_string()
        })
        .collect();
    folders.drop_in("live.jsonl", states.join("\n"));
    let status = folders.command("once").args(["--set", "outbox.max_copies=4"]).status().expect("the binary runs");
    assert!(status.success());
    let record = folders.only_record();
    assert_eq!(record["copies_total"], 90);
    assert_eq!(paths(&record), set(&["live.jsonl#1", "live.jsonl#2", "live.jsonl#3", "live.jsonl#90"]));
    assert_eq!(record["copies"][0]["path"], "live.jsonl#90");
    assert!(record["text"].as_str().is_some_and(|text| text.contains("Update 90 ")), "{record}");
}

#[test]
fn reports_that_arrive_together_are_a_story_only_if_they_were_published_so() {
    let folders = Folders::new();
    let reports = [
        (
            "2016-05-14",
            "The ferry Aurora ran aground off Selwick on Monday with 80 passengers aboard. Harbour master Ilse Brandt said \
             nobody was hurt. Tugs from Tornmouth were on their way.",
        ),
        (
            "2023-05-13",
            "All passengers of the Aurora were brought to Selwick by lifeboat. The ferry had hit a sandbank, harbour master \
             Ilse Brandt said; tugs from Tornmouth will try again at high tide.",
        ),
        (
            "2016-05-16T08:00:00Z",
            "Two tugs from Tornmouth pulled the Aurora off the sandbank near Selwick on Tuesday. Divers will look at the hull \
             before the ferry sails again, said Ilse Brandt, the harbour master.",
        ),
    ];
    for (date, text) in reports {
        // Each by a desk of its own: what it knows of the stories is in the state.
        folders.drop_in(format!("{}.json", &date[..10]), serde_json::json!({ "date": date, "text": text }).to_string());
        assert!(folders.once().status.success());
    }
    let records = folders.records();
    let story = |day: &str| {
        let of_day = |record: &&serde_json::Value| record["copies"][0]["path"] == format!("{day}.json");
        records.values().find(of_day).expect("a record")["story"].clone()
    };
    assert_eq!(records.len(), 3);
    assert_eq!(story("2016-05-14"), story("2016-05-16"));
    assert_ne!(story("2016-05-14"), story("2023-05-13"));
}

#[test]
fn a_sidecar_that_comes_later_is_taken_over_and_stays_with_the_article() {
    let folders = Folders::new();
    let deliver = |sidecar: Option<serde_json::Value>| {
        if let Some(sidecar) = sidecar {
            folders.drop_in("a.txt.meta.json", sidecar.to_string());
        }
        folders.drop_in("a.txt", article(1));
        assert!(folders.once().status.success());
        let record = folders.only_record();
        let copy = &record["copies"][0];
        assert_eq!((&record["copies_total"], &copy["url"]), (&1.into(), &record["url"]));
        [record["revision"].clone(), record["url"].clone(), record["date_published"].clone()]
            .map(|value| value.to_string())
    };
    let sidecar = |url: &str, date: &str| Some(serde_json::json!({ "url": url, "date": date }));
    assert_eq!(deliver(None), ["1", "null", "null"]);
    let (late, new) = ("https://paper.example/late", "https://paper.example/new");
    assert_eq!(deliver(sidecar(late, "2024-03-01")), ["2", &format!("{late:?}"), "\"2024-03-01\""]);
    assert_eq!(deliver(sidecar(late, "2024-03-01")), ["2", &format!("{late:?}"), "\"2024-03-01\""], "nothing new");
    assert_eq!(deliver(sidecar(new, "2024-03-01")), ["3", &format!("{new:?}"), "\"2024-03-01\""], "corrected");
    let corrected = deliver(None);
    assert_eq!(corrected, ["3", &format!("{new:?}"), "\"2024-03-01\""], "what is not said again stays");
    let last = folders.feed().pop().expect("an event");
    assert_eq!((&last["event"], &last["revision"]), (&"updated".into(), &3.into()));
    std::fs::remove_dir_all(folders.path("state")).expect("the state");
    assert_eq!(deliver(None), corrected, "a state that is built anew says the same");
    folders.drop_in("a.txt.meta.json", r#"{"title": "Another headline"}"#);
    folders.drop_in("a.txt", article(1));
    let said = String::from_utf8_lossy(&folders.once().stderr).into_owned();
    assert!(said.contains("not taken over") && said.contains("title"), "{said}");
    assert_eq!(folders.only_record()["revision"], 3);
}

#[test]
fn what_was_corrected_of_a_lesser_copy_is_in_a_state_that_is_built_anew() {
    let folders = Folders::new();
    let whole = article(1);
    let part = whole.rsplit_once("\n\n").expect("paragraphs").0;
    folders.drop_in("a.txt", &whole);
    folders.drop_in("b.txt", part);
    assert!(folders.once().status.success());
    folders.drop_in("b.txt.meta.json", r#"{"url": "https://paper.example/b"}"#);
    folders.drop_in("b.txt", part);
    assert!(folders.once().status.success());
    let copy = || folders.only_record()["copies"][1].clone();
    assert_eq!((&copy()["path"], &copy()["url"]), (&"b.txt".into(), &"https://paper.example/b".into()));
    std::fs::remove_dir_all(folders.path("state")).expect("the state");
    // A further copy has the record written anew.
    folders.drop_in("c.txt", &whole);
    assert!(folders.once().status.success());
    let record = folders.only_record();
    let copies = record["copies"].as_array().expect("copies");
    let copy = copies.iter().find(|copy| copy["path"] == "b.txt").expect("the copy");
    assert_eq!((record["copies_total"].as_u64(), &copy["url"]), (Some(3), &"https://paper.example/b".into()));
}

#[test]
fn another_document_of_the_same_bytes_keeps_what_it_said() {
    let folders = Folders::new();
    for name in ["a.txt", "b.txt"] {
        folders.drop_in(name, article(1));
    }
    assert!(folders.once().status.success());
    folders.drop_in("a.txt.meta.json", r#"{"url": "https://paper.example/a"}"#);
    folders.drop_in("a.txt", article(1));
    assert!(folders.once().status.success());
    let record = folders.only_record();
    let urls: BTreeSet<_> = record["copies"].as_array().expect("copies").iter().map(|c| c["url"].to_string()).collect();
    assert_eq!(urls, set(&["null", "\"https://paper.example/a\""]));
    assert_eq!(record["url"], "https://paper.example/a");
}
