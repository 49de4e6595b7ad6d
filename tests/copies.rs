//! Copies of one article and articles on one event, on the real binary: which text is published, and what is said of each copy.

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
