//! What a document with the bytes of an earlier one says of itself: its sidecar may name another address or another day.
//!
//! It has no body of its own. What it says is kept in the body that it shares, which is written anew for it.

use serde::{Deserialize, Serialize};

use super::Filed;
use crate::article::{Article, Provenance, instant};

/// Kept of one body at most, since each writes it anew; further documents are listed as the first one.
const MAX_DELIVERED: usize = 64;

/// The facts of one such document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    seq: u64,
    external_id: Option<String>,
    fetched_at: Option<String>,
    url: Option<String>,
    site: Option<String>,
    site_name: Option<String>,
    date_published: Option<String>,
    provenance: Provenance,
}

/// The fields of an article that a document may say otherwise.
const FIELDS: [&str; 4] = ["url", "site", "site_name", "date_published"];

impl Filed {
    /// Keeps what document `seq`, which has these bytes, says of itself where that is something else. Whether anything changed.
    pub fn deliver(&mut self, seq: u64, said: &Self) -> bool {
        if self.says_the_same(said) {
            // The same page, fetched again.
            let fetched = |filed: &Self| filed.fetched_at.as_deref().and_then(instant);
            let is_later = fetched(said) > fetched(self);
            if is_later {
                self.fetched_at.clone_from(&said.fetched_at);
            }
            return is_later;
        }
        self.keep(seq, said)
    }

    fn keep(&mut self, seq: u64, said: &Self) -> bool {
        if self.delivered.len() >= MAX_DELIVERED {
            return false;
        }
        let Article { url, site, site_name, date_published, provenance, .. } = &said.article;
        let of_fields = provenance.iter().filter(|(field, _)| FIELDS.contains(&field.as_ref()));
        self.delivered.push(Delivered {
            seq,
            external_id: said.external_id.clone(),
            fetched_at: said.fetched_at.clone(),
            url: url.clone(),
            site: site.clone(),
            site_name: site_name.clone(),
            date_published: date_published.clone(),
            provenance: of_fields.map(|(field, from)| (field.clone(), from.clone())).collect(),
        });
        true
    }

    /// Takes over what document `seq`, which has these bytes, says of itself now that it came again: what it does not name
    /// stays. `sharing` are further documents that share this body, of which it goes on to say what it said. Whether
    /// anything changed.
    pub fn correct(&mut self, seq: u64, is_own: bool, sharing: &[u64], said: &Self) -> bool {
        let before = self.as_delivered(seq).unwrap_or_else(|| self.clone());
        let mut now = before.clone();
        now.external_id = said.external_id.clone().or(now.external_id);
        let (article, news) = (&mut now.article, &said.article);
        for (field, old, new) in [
            ("url", &mut article.url, &news.url),
            ("site", &mut article.site, &news.site),
            ("site_name", &mut article.site_name, &news.site_name),
            ("date_published", &mut article.date_published, &news.date_published),
        ] {
            if new.is_some() && old != new {
                old.clone_from(new);
                article.provenance.retain(|name, _| name != field);
                article.provenance.extend(news.provenance.get_key_value(field).map(|(k, v)| (k.clone(), v.clone())));
            }
        }
        if before.says_the_same(&now) && before.article.site_name == now.article.site_name {
            return false;
        }
        now.fetched_at = said.fetched_at.clone().or(now.fetched_at);
        if !is_own {
            self.delivered.retain(|said| said.seq != seq);
            return self.keep(seq, &now);
        }
        for &other in sharing {
            if !self.delivered.iter().any(|said| said.seq == other) {
                now.keep(other, &before);
            }
        }
        *self = now;
        true
    }

    fn says_the_same(&self, said: &Self) -> bool {
        let (a, b) = (&self.article, &said.article);
        self.external_id == said.external_id
            && (&a.url, &a.site, &a.date_published) == (&b.url, &b.site, &b.date_published)
    }

    /// This body as document `seq` says it; `None` where that is what the body says itself.
    pub fn as_delivered(&self, seq: u64) -> Option<Self> {
        let said = self.delivered.iter().find(|said| said.seq == seq)?.clone();
        let mut filed = Self { external_id: said.external_id, fetched_at: said.fetched_at, ..self.clone() };
        let article = &mut filed.article;
        article.url = said.url;
        article.site = said.site;
        article.site_name = said.site_name;
        article.date_published = said.date_published;
        article.provenance.retain(|field, _| !FIELDS.contains(&field.as_ref()));
        article.provenance.extend(said.provenance);
        Some(filed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::MediaType;

    fn filed(url: &str, fetched_at: &str) -> Filed {
        let provenance = [("url".into(), "sidecar".into()), ("title".into(), "text".into())].into();
        Filed {
            external_id: None,
            media_type: MediaType::Text,
            charset: "UTF-8".into(),
            bytes: 4,
            fetched_at: Some(fetched_at.into()),
            article: Article { url: Some(url.into()), text: "Text".into(), provenance, ..Article::default() },
            taught: None,
            remembered: None,
            delivered: Vec::new(),
        }
    }

    #[test]
    fn what_a_document_says_otherwise_is_kept_and_given_back() {
        let (mut body, other) = (
            filed("https://a.example/1", "2024-05-01T00:00:00Z"),
            filed("https://b.example/2", "2024-05-02T00:00:00Z"),
        );
        assert!(body.deliver(7, &other));
        assert_eq!(body.article.url.as_deref(), Some("https://a.example/1"));
        let as_delivered = body.as_delivered(7).expect("it was kept");
        assert_eq!((&as_delivered.article, &as_delivered.fetched_at), (&other.article, &other.fetched_at));
        assert_eq!(body.as_delivered(8), None);
        assert_eq!(Filed::unpack(1, &body.pack()).expect("a body"), body);
    }

    #[test]
    fn a_page_fetched_again_is_told_by_its_time_alone() {
        let mut body = filed("https://a.example/1", "2024-05-01T00:00:00Z");
        assert!(body.deliver(7, &filed("https://a.example/1", "2024-05-02T00:00:00Z")));
        assert!(!body.deliver(8, &filed("https://a.example/1", "2024-04-02T00:00:00Z")));
        assert_eq!(body, filed("https://a.example/1", "2024-05-02T00:00:00Z"));
    }

    #[test]
    fn what_a_document_says_when_it_comes_again_counts_and_what_it_leaves_out_stays() {
        let (mut body, first) = (filed("https://a.example/1", ""), filed("https://a.example/1", ""));
        let mut said = filed("https://a.example/new", "2024-05-02T00:00:00Z");
        assert!(body.correct(1, true, &[2], &said));
        assert_eq!(body.article.url.as_deref(), Some("https://a.example/new"));
        assert_eq!(body.article.provenance, first.article.provenance);
        assert_eq!(body.as_delivered(2).expect("kept").article, first.article, "another document of these bytes");
        assert!(!body.correct(1, true, &[2], &said), "it says so already");
        said.article.url = None;
        assert!(!body.correct(1, true, &[2], &said), "it does not say");
        said.article.date_published = Some("2024-05-01".into());
        assert!(body.correct(2, false, &[], &said));
        let second = body.as_delivered(2).expect("kept").article;
        assert_eq!((second.url, second.date_published), (first.article.url, Some("2024-05-01".into())));
        assert_eq!(body.article.date_published, None);
    }

    #[test]
    fn a_body_does_not_grow_for_ever() {
        let mut body = filed("https://a.example/1", "2024-05-01T00:00:00Z");
        let kept = (0..1_000).filter(|n| body.deliver(*n, &filed(&format!("https://b.example/{n}"), ""))).count();
        assert_eq!(kept, MAX_DELIVERED);
    }
}
