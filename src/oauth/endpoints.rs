//! Where Atlassian's authorization servers are.

use url::Url;

/// The addresses of one authorization server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where the browser goes.
    pub authorize: Url,
    /// Where codes and refresh tokens become access tokens.
    pub token: Url,
    /// Where Cloud lists the sites a token is good for.
    pub sites: Option<Url>,
}

impl Endpoints {
    /// Cloud.
    ///
    /// <https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/>
    pub fn cloud() -> Option<Self> {
        Some(Self {
            authorize: Url::parse("https://auth.atlassian.com/authorize").ok()?,
            token: Url::parse("https://auth.atlassian.com/oauth/token").ok()?,
            sites: Some(Url::parse("https://api.atlassian.com/oauth/token/accessible-resources").ok()?),
        })
    }

    /// A Data Center at an address; its context path stays.
    ///
    /// <https://confluence.atlassian.com/adminjiraserver/jira-oauth-2-0-provider-api-1115659070.html>
    pub fn data_center(base: &Url) -> Self {
        let at = |last: &str| {
            let mut url = base.clone();
            url.set_path(&format!("{}/rest/oauth2/latest/{last}", base.path().trim_end_matches('/')));
            url
        };
        Self { authorize: at("authorize"), token: at("token"), sites: None }
    }

    /// Whether it is Cloud's.
    pub fn is_cloud(&self) -> bool {
        self.sites.is_some()
    }
}
