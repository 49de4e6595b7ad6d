//! Which address an article has: fragment and tracking parameters removed, and the site that it belongs to.
//!
//! Two copies of one page that differ only in how the reader came to it must have the same URL.

/// Longest address that is read; longer ones are data, not addresses.
const MAX_URL_BYTES: usize = 4096;

/// Parameters that only say how the reader came: those of the lists kept by Firefox (query stripping) and ClearURLs.
const TRACKING: &[&str] = &[
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "_openstat",
    "amp",
    "at_campaign",
    "at_medium",
    "cmp",
    "cmpid",
    "dclid",
    "fb_action_ids",
    "fb_action_types",
    "fb_ref",
    "fb_source",
    "fbclid",
    "ftag",
    "gad_source",
    "gbraid",
    "gclid",
    "gclsrc",
    "guccounter",
    "guce_referrer",
    "guce_referrer_sig",
    "hsctatracking",
    "icid",
    "ictd",
    "igshid",
    "igsh",
    "intcmp",
    "int_cmp",
    "mbid",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "ml_subscriber",
    "ml_subscriber_hash",
    "mod",
    "msclkid",
    "ncid",
    "ocid",
    "oly_anon_id",
    "oly_enc_id",
    "outputtype",
    "partner",
    "rss_id",
    "s_cid",
    "s_kwcid",
    "smid",
    "smtyp",
    "soc_src",
    "soc_trk",
    "spm",
    "sref",
    "srnd",
    "srsltid",
    "taid",
    "twclid",
    "ttclid",
    "vero_conv",
    "vero_id",
    "wbraid",
    "wickedid",
    "wt_mc",
    "xtor",
    "yclid",
    "ysclid",
];

/// Families of tracking parameters, by the start of their name.
const TRACKING_PREFIXES: &[&str] = &["utm_", "mtm_", "matomo_", "pk_", "piwik_", "ga_", "hsa_", "at_custom", "__hs"];

/// The canonical form of an `http` or `https` address: no fragment, credentials or tracking parameters, host in lower case.
///
/// Other parameters keep their order and spelling. `None` for what is not an absolute web address or longer than 4,096 bytes.
pub fn canonical_url(text: &str) -> Option<String> {
    let mut url = parsed(text)?;
    url.set_fragment(None);
    // Neither can fail on a web address, which always has a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if let Some(query) = url.query() {
        let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_tracking(pair)).collect();
        let kept = kept.join("&");
        url.set_query((!kept.is_empty()).then_some(&kept));
    }
    Some(url.into())
}

/// The registrable domain of an address (`www.news.example.co.uk` → `example.co.uk`), by the public suffix list.
///
/// A bare host name is understood as well. `None` for IP addresses and for what has no registrable domain.
pub fn site_of(url: &str) -> Option<String> {
    let parsed = parsed(url).or_else(|| {
        let bare = url.trim();
        (!bare.contains("://") && bare.contains('.')).then(|| parsed(&format!("https://{bare}"))).flatten()
    })?;
    match parsed.host()? {
        ::url::Host::Domain(host) => {
            let host = host.strip_suffix('.').unwrap_or(host);
            // "news..example" is an address that no name server knows.
            let whole = host.split('.').all(|label| !label.is_empty());
            psl::domain_str(host).filter(|_| whole).map(str::to_owned)
        }
        ::url::Host::Ipv4(_) | ::url::Host::Ipv6(_) => None,
    }
}

fn parsed(text: &str) -> Option<::url::Url> {
    let text = text.trim();
    if text.len() > MAX_URL_BYTES {
        return None;
    }
    let text = if text.starts_with("//") { format!("https:{text}") } else { text.to_owned() };
    let url = ::url::Url::parse(&text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

fn is_tracking(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or(pair).to_ascii_lowercase();
    TRACKING.contains(&name.as_str()) || TRACKING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tracking_and_fragment_go_and_the_rest_stays_in_order() {
        assert_eq!(
            canonical_url("HTTPS://News.Example.org:443/a?b=2&utm_source=x&a=1&fbclid=9#top").as_deref(),
            Some("https://news.example.org/a?b=2&a=1")
        );
        assert_eq!(canonical_url("https://example.org/a?utm_medium=x").as_deref(), Some("https://example.org/a"));
        assert_eq!(canonical_url("https://me:pw@example.org/").as_deref(), Some("https://example.org/"));
    }

    #[test]
    fn what_is_no_web_address_has_no_canonical_form() {
        for text in ["", "example", "/path", "mailto:a@example.org", "javascript:void(0)", "data:text/html,x"] {
            assert_eq!(canonical_url(text), None, "{text}");
        }
        assert_eq!(canonical_url(&format!("https://example.org/{}", "a".repeat(5000))), None);
    }

    #[test]
    fn the_site_is_the_registrable_domain() {
        assert_eq!(site_of("https://www.news.example.co.uk/x").as_deref(), Some("example.co.uk"));
        assert_eq!(site_of("news.example.org").as_deref(), Some("example.org"));
        assert_eq!(site_of("http://127.0.0.1/x"), None);
        assert_eq!(site_of("Daily News"), None);
        assert_eq!(site_of("https://www.news..example/x"), None);
        assert_eq!(site_of("https://news.example./x").as_deref(), Some("news.example"));
        assert_eq!(site_of("https://news.2025../x"), None);
    }

    proptest! {
        #[test]
        fn canonical_form_is_a_fixed_point(path in "[a-z/%&=?#._-]{0,40}") {
            if let Some(once) = canonical_url(&format!("https://example.org/{path}")) {
                prop_assert_eq!(canonical_url(&once), Some(once));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            let _ = (canonical_url(&text), site_of(&text));
        }
    }
}
