//! What a writer wrote is kept where it happens to begin or end as a site's notice does; the notice itself goes.

use copydesk::article::{Article, Document, Given, InputId, MediaType};
use copydesk::clean::site::SiteMemory;
use copydesk::clean::{Cleaner, Settings};

const PARAGRAPHS: [&str; 4] = [
    "The council of the island voted on Tuesday, after two hours of debate, to keep the ferry in winter.",
    "Residents had asked for the service, which runs four times a day, to be kept through the cold months.",
    "The decision was welcomed by traders on the quay, who say that trade falls by half without the boat.",
    "The mayor told reporters that the money would come from the regional fund for small harbours.",
];

fn clean(content: &str, title: Option<&str>) -> Article {
    let document = Document {
        input: InputId::of(content.as_bytes()),
        path: "input.txt".into(),
        external_id: None,
        media_type: MediaType::Text,
        charset: "UTF-8".into(),
        bytes: content.len() as u64,
        content: content.to_owned(),
        given: Given { title: title.map(str::to_owned), ..Given::default() },
        folder: None,
    };
    let cleaner = Cleaner::new(Settings::default());
    cleaner.draft(&document).map(|draft| cleaner.finish(draft, &SiteMemory::default())).expect("an article")
}

/// The article with a line put in before paragraph `at`.
fn with(line: &str, at: usize) -> Article {
    let mut paragraphs = PARAGRAPHS.to_vec();
    paragraphs.insert(at, line);
    clean(&format!("Ferry stays in winter\n\n{}\n", paragraphs.join("\n\n")), None)
}

#[test]
fn a_writers_sentence_stays_wherever_it_stands() {
    let sentences = [
        "Passengers who were left on the quay will receive compensation from the line within two weeks, the council said.",
        "The material may not be safe after thirty years, engineers warned in a report that came out on Monday.",
        "Copyright law was written for printers, said Prof. Ortiz, who has studied it for thirty years.",
        "The browser has blocked third-party cookies by default since 2020, and others have followed since then.",
        "By submitting its application, the island has taken the first formal step towards a harbour of its own.",
        "There was an error in the count of the postal votes, the commission said on Friday evening.",
        "Already a member of the harbour league, the island has applied to join the union as well.",
        "Members only learned of the plan from the newspapers, one of them said.",
        "“I’m sorry, but I cannot support this,” one member said.",
        "Sponsored by Senator Ann Lee, the motion calls for an inquiry into the sale of the port.",
        "Want to vote early? You can ask for a ballot by email until Friday, the commission said.",
        "Stay away from links in such messages and report them by email, the bank said in a statement.",
        "Comments are moderated by three editors, and most of them are never published, the paper said.",
        "The harbour office lost its case on Tuesday against the agency Getty.",
        "Home Secretary Ann Lee did not reply to a request for a statement on Monday evening.",
        "“We stay,” she said.",
        "No arrests were made, police said.",
        "The strike ends Friday, the union says.",
        "« Répondre à cette demande prendra du temps », a reconnu la ministre.",
    ];
    for sentence in sentences {
        for at in [0, 2, PARAGRAPHS.len()] {
            let article = with(sentence, at);
            assert!(article.text.contains(sentence), "{at}: {:?}", article.removed);
        }
    }
}

#[test]
fn a_writers_heading_stays_inside() {
    for heading in ["Répondre à l’urgence", "Responder a la emergencia", "Svar på spørgsmålene"] {
        assert!(with(heading, 2).text.contains(heading), "{heading}");
    }
}

#[test]
fn a_sites_notice_goes_after_the_article() {
    let notices = [
        "We may receive compensation from the shops that are named in this article, at no cost to readers.",
        "This material may not be published, broadcast, rewritten or handed on in any form.",
        "Copyright 2026 Harbour Post.",
        "This website uses cookies to improve the experience of all who sail with the line.",
        "By submitting this form, you agree to the terms of the harbour.",
        "Already a subscriber? Log in.",
        "Comments are closed.",
        "Get the harbour news in your inbox every morning, before the first ferry sails.",
        "Ann Lee says:",
        "Responder a Ann Lee",
        "YORUM YAPIN",
        "PUBLICITE",
    ];
    for notice in notices {
        assert!(!with(notice, PARAGRAPHS.len()).text.contains(notice), "{notice}");
    }
}

#[test]
fn a_headline_is_not_taken_for_noise() {
    let headlines = [
        "By-Election Shock for Labour",
        "Von der Mole Wins Second Term",
        "Reporter Lost at Sea in Winter",
        "Watch: Drone footage shows flooded valley",
        "Photos: Thousands march along the quay",
        "New on the quay in March: all the boats and lines",
        "More in the harbour than ever rely on food banks",
        "Follow the money: how cash reached party on X",
        "Jaguar unveils new logo",
        "How a bus shelter became a local icon",
        "Rispondi a Mare, l'appello del generale",
        "Home Secretary resigns over ferry row",
    ];
    for headline in headlines {
        let body = PARAGRAPHS.join("\n");
        for head in [format!("{headline}\n\n"), format!("{headline}\nBy Ann Lee\n3 May 2024\n")] {
            assert_eq!(clean(&format!("{head}{body}\n"), None).title.as_deref(), Some(headline));
        }
    }
}

#[test]
fn a_headline_that_differs_from_the_given_title_is_listed() {
    let text = format!("Storm kills 15\n\n{}\n", PARAGRAPHS.join("\n\n"));
    let article = clean(&text, Some("Storm kills 12"));
    assert_eq!(article.title.as_deref(), Some("Storm kills 12"));
    assert_eq!(article.removed.iter().map(|removal| removal.text.as_str()).collect::<Vec<_>>(), ["Storm kills 15"]);
}
