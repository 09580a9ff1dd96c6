//! The wizard: from a client id to stored tokens.

use std::time::Duration;

use aws_lc_rs::digest;
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use url::Url;

use super::callback::Brought;
use super::callback::Callback;
use super::callback::read;
use super::endpoints::Endpoints;
use super::store::StoreError;
use super::store::TokenStore;
use super::tokens::Tokens;
use crate::net::Authority;
use crate::net::AuthorityError;
use crate::secrets::Secret;
use crate::secrets::is_segment;

/// How long the browser may take.
const LIMIT: Duration = Duration::from_mins(5);

/// How often a slip at the numbers of the sites is forgiven.
const TRIES: usize = 5;

const CLOUD_SCOPE: &str =
    "read:jira-work write:jira-work read:confluence-content.all write:confluence-content offline_access";

/// What the wizard talks through.
pub trait Terminal: Send {
    /// Says a line.
    fn say(&mut self, line: &str);
    /// Asks for a line.
    fn ask(&mut self, question: &str) -> impl Future<Output = std::io::Result<String>> + Send;
    /// Asks for a line that must not be seen.
    fn ask_secret(&mut self, question: &str) -> impl Future<Output = std::io::Result<String>> + Send;
    /// The next line that is typed or pasted; nothing more at the end of the input.
    fn line(&mut self) -> impl Future<Output = std::io::Result<Option<String>>> + Send;
    /// Shows an address in a browser, if there is one.
    fn open(&mut self, address: &str);
}

/// What is known before anything is asked.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// The client id.
    pub client_id: Option<String>,
    /// The client secret.
    pub client_secret: Option<Secret>,
    /// The redirect address.
    pub redirect_uri: Option<String>,
    /// The scope.
    pub scope: Option<String>,
    /// The Cloud site.
    pub cloud_id: Option<String>,
    /// The Data Center, where it is one.
    pub data_center: Option<Url>,
    /// Where to listen for the browser, if not on loopback.
    pub callback_host: Option<String>,
}

/// Why the wizard ended without tokens.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// An answer that cannot be used.
    #[error("{0}")]
    Answer(String),
    /// The terminal failed.
    #[error("cannot read from the terminal: {0}")]
    Terminal(#[from] std::io::Error),
    /// The browser's way back is taken.
    #[error(
        "cannot listen for the browser on the port of {address}: {cause}; free it, or register another redirect URI"
    )]
    Listen {
        /// The redirect address.
        address: String,
        /// What the system said.
        cause: String,
    },
    /// No.
    #[error("Atlassian did not log you in: {0}")]
    Denied(String),
    /// Nothing came back.
    #[error("nothing came back within {} minutes; begin again", LIMIT.as_secs() / 60)]
    Late,
    /// Nothing can come back any more.
    #[error("the input ended before the address that the browser ended at was pasted; begin again")]
    Ended,
    /// The token endpoint, or the list of sites.
    #[error("{0}")]
    Authority(#[from] AuthorityError),
    /// The answer holds no token.
    #[error("the authorization server sent no token")]
    NoToken,
    /// The token is good for no site.
    #[error(
        "the account has access to no site with this app; check the app's permissions and the site's access"
    )]
    NoSite,
    /// The tokens cannot be kept.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// There is no randomness.
    #[error("the system gave no random bytes")]
    Random,
}

/// A Cloud site.
struct Site {
    id: String,
    name: String,
    url: String,
}

/// Walks through the log-in and keeps the tokens. `store` makes the store of an app.
pub async fn setup(
    terminal: &mut impl Terminal,
    defaults: &Defaults,
    endpoints: &Endpoints,
    authority: &Authority,
    store: impl Fn(&str) -> Result<TokenStore, StoreError>,
) -> Result<(), SetupError> {
    check(defaults, endpoints)?;
    let asked = Asked::ask(terminal, defaults, endpoints).await?;
    let store = store(&asked.client_id)?;
    let (state, verifier) = (random()?, random()?);
    let address = authorize(&asked, endpoints, &state, &verifier);
    let code = code(terminal, &asked, &address, &state, defaults.callback_host.as_deref()).await?;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", asked.client_id.as_str()),
        ("client_secret", asked.client_secret.expose()),
        ("code", code.as_str()),
        ("redirect_uri", asked.redirect.as_str()),
        ("code_verifier", verifier.as_str()),
    ];
    let answer = authority.form(&endpoints.token, &fields).await?;
    let now = jiff::Timestamp::now().as_duration().as_secs_f64();
    let mut tokens = Tokens::granted(&answer, now).ok_or(SetupError::NoToken)?;
    if tokens.refresh.is_none() {
        terminal.say(
            "warning: no refresh token came, so this log-in ends when its token expires; add `offline_access` to the \
             scope and begin again",
        );
    }
    let site = match &endpoints.sites {
        Some(sites) => Some(choose(terminal, defaults, &authority.get(sites, &tokens.access).await?).await?),
        None => None,
    };
    tokens.cloud_id = site.as_ref().map(|site| site.id.clone());
    tokens.base_url =
        defaults.data_center.as_ref().map(|base| base.as_str().trim_end_matches('/').to_owned());
    // Without the lock it is saved all the same: what was just consented to must not be lost.
    let _lock = store.lock().await.ok();
    store.save(&tokens).await?;
    tell(terminal, &asked, defaults, site.as_ref());
    Ok(())
}

/// What would fail after the log-in fails before it.
fn check(defaults: &Defaults, endpoints: &Endpoints) -> Result<(), SetupError> {
    let is_plain = |base: &Url| {
        base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none()
    };
    if !defaults.data_center.as_ref().is_none_or(is_plain) {
        let text = "write the address of the Data Center without a user name, `?` and `#`";
        return Err(SetupError::Answer(text.to_owned()));
    }
    Ok(Authority::check(&endpoints.token)?)
}

/// What was asked for.
struct Asked {
    client_id: String,
    client_secret: Secret,
    redirect: String,
    redirect_url: Url,
    scope: String,
}

impl Asked {
    async fn ask(
        terminal: &mut impl Terminal,
        defaults: &Defaults,
        endpoints: &Endpoints,
    ) -> Result<Self, SetupError> {
        let usual = if endpoints.is_cloud() { CLOUD_SCOPE } else { "WRITE" };
        let client_id = one(terminal, "Client ID", defaults.client_id.as_deref()).await?;
        let client_secret = secret(terminal, defaults.client_secret.as_ref()).await?;
        let redirect = defaults.redirect_uri.as_deref().unwrap_or("http://localhost:8080/callback");
        let redirect = one(terminal, "Redirect URI, as registered", Some(redirect)).await?;
        let redirect_url = Url::parse(&redirect)
            .map_err(|error| SetupError::Answer(format!("`{redirect}` is not an address: {error}")))?;
        let scope = one(terminal, "Scope", Some(defaults.scope.as_deref().unwrap_or(usual))).await?;
        if endpoints.is_cloud() && !scope.split_whitespace().any(|part| part == "offline_access") {
            terminal.say(
                "warning: without `offline_access` in the scope, this log-in ends when its token expires",
            );
        }
        Ok(Self { client_id, client_secret, redirect, redirect_url, scope })
    }
}

async fn one(terminal: &mut impl Terminal, name: &str, default: Option<&str>) -> Result<String, SetupError> {
    let question = default.map_or_else(|| format!("{name}: "), |default| format!("{name} [{default}]: "));
    let answer = terminal.ask(&question).await?;
    let answer = match answer.trim() {
        "" => default.unwrap_or_default(),
        given => given,
    };
    if answer.is_empty() || answer.chars().any(char::is_control) {
        return Err(SetupError::Answer(format!("{name}: nothing that could be used was given")));
    }
    Ok(answer.to_owned())
}

async fn secret(terminal: &mut impl Terminal, default: Option<&Secret>) -> Result<Secret, SetupError> {
    let question = if default.is_some() { "Client secret [as configured]: " } else { "Client secret: " };
    let answer = Secret::new(terminal.ask_secret(question).await?);
    match (answer.expose().trim(), default) {
        ("", Some(default)) => Ok(default.clone()),
        ("", None) => Err(SetupError::Answer("Client secret: nothing was given".to_owned())),
        (given, _) => Ok(Secret::new(given)),
    }
}

/// The address the browser is sent to, with state and PKCE (RFC 7636).
fn authorize(asked: &Asked, endpoints: &Endpoints, state: &str, verifier: &str) -> Url {
    let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    let mut address = endpoints.authorize.clone();
    let mut query = address.query_pairs_mut();
    if endpoints.is_cloud() {
        query.append_pair("audience", "api.atlassian.com").append_pair("prompt", "consent");
    }
    query
        .append_pair("client_id", &asked.client_id)
        .append_pair("scope", &asked.scope)
        .append_pair("redirect_uri", &asked.redirect)
        .append_pair("state", state)
        .append_pair("response_type", "code")
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    drop(query);
    // In a query `+` is a blank only by the rules of forms, which not everything that reads it knows.
    let query = address.query().unwrap_or_default().replace('+', "%20");
    address.set_query(Some(&query));
    address
}

/// Waits for the browser, or for the address it ended at, pasted.
async fn code(
    terminal: &mut impl Terminal,
    asked: &Asked,
    address: &Url,
    state: &str,
    host: Option<&str>,
) -> Result<String, SetupError> {
    let mut callback = Callback::listen(&asked.redirect_url, host, state)
        .await
        .map_err(|error| SetupError::Listen { address: asked.redirect.clone(), cause: error.to_string() })?;
    terminal.say("Open this address in a browser and allow the app:");
    terminal.say(address.as_str());
    terminal.say("If the browser cannot come back here, paste the address it ends at.");
    terminal.open(address.as_str());
    let late = tokio::time::sleep(LIMIT);
    tokio::pin!(late);
    let mut typing = true;
    loop {
        let brought = tokio::select! {
            brought = callback.brought.recv(), if callback.is_listening() => brought.ok_or(SetupError::Late)?,
            line = terminal.line(), if typing => match line? {
                Some(line) => match pasted(&line, state) {
                    Some(Ok(brought)) => brought,
                    Some(Err(why)) => {
                        terminal.say(&why);
                        continue;
                    }
                    None => continue,
                },
                None => {
                    typing = false;
                    if !callback.is_listening() {
                        return Err(SetupError::Ended);
                    }
                    continue;
                }
            },
            () = &mut late => return Err(SetupError::Late),
        };
        callback.finish().await;
        return match brought {
            Brought::Code(code) => Ok(code),
            Brought::Denied(said) => Err(SetupError::Denied(said)),
        };
    }
}

/// A pasted address; nothing for an empty line.
fn pasted(line: &str, state: &str) -> Option<Result<Brought, String>> {
    let line = line.trim();
    if line.is_empty() {
        return None;
    }
    let Some((_, query)) = line.split_once('?') else {
        return Some(Err("paste the whole address, with everything after the `?`".to_owned()));
    };
    let query = query.split('#').next().unwrap_or_default();
    Some(read(query, state).map_err(|unfit| unfit.to_string()))
}

/// The site to use, of those the token is good for.
async fn choose(
    terminal: &mut impl Terminal,
    defaults: &Defaults,
    answer: &Value,
) -> Result<Site, SetupError> {
    let mut sites: Vec<Site> = Vec::new();
    for site in answer.as_array().into_iter().flatten().filter_map(site) {
        // There is one entry for each product of a site.
        if sites.iter().all(|known| known.id != site.id) {
            sites.push(site);
        }
    }
    if let Some(wanted) = &defaults.cloud_id {
        match sites.iter().position(|site| site.id == *wanted) {
            Some(place) => return Ok(sites.swap_remove(place)),
            None => terminal.say(&format!(
                "warning: the account has no access with this app to the configured site `{wanted}`"
            )),
        }
    }
    match sites.len() {
        0 => return Err(SetupError::NoSite),
        1 => return sites.pop().ok_or(SetupError::NoSite),
        _ => {}
    }
    terminal.say("The account has access to several sites:");
    for (number, site) in sites.iter().enumerate() {
        terminal.say(&format!("  {}  {} ({})", number + 1, site.name, site.url));
    }
    let mut wrong = String::new();
    for _ in 0..TRIES {
        let answer = one(terminal, "Which one", Some("1")).await?;
        let place = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        if let Some(place) = place.filter(|place| *place < sites.len()) {
            return Ok(sites.swap_remove(place));
        }
        wrong = format!("`{answer}` is not one of the numbers");
        terminal.say(&wrong);
    }
    Err(SetupError::Answer(wrong))
}

/// A site; nothing if its id is none, for it becomes part of addresses.
fn site(entry: &Value) -> Option<Site> {
    let text = |name: &str| -> Option<String> {
        let text = entry.get(name)?.as_str()?;
        Some(text.chars().filter(|c| !c.is_control()).take(200).collect())
    };
    Some(Site {
        id: text("id").filter(|id| is_segment(id))?,
        name: text("name").unwrap_or_default(),
        url: text("url").unwrap_or_default(),
    })
}

fn tell(terminal: &mut impl Terminal, asked: &Asked, defaults: &Defaults, site: Option<&Site>) {
    terminal.say("The tokens are stored. Set these variables for the server:");
    terminal.say("");
    match (site, &defaults.data_center) {
        (Some(site), _) => {
            terminal.say(&format!("JIRA_URL={}", site.url));
            terminal.say(&format!("CONFLUENCE_URL={}/wiki", site.url.trim_end_matches('/')));
            terminal.say(&format!("ATLASSIAN_OAUTH_CLOUD_ID={}", site.id));
        }
        (None, Some(base)) => {
            terminal.say(&format!("JIRA_URL={base}"));
            terminal.say("# or, if that is a Confluence: CONFLUENCE_URL with the same address");
        }
        (None, None) => {}
    }
    terminal.say(&format!("ATLASSIAN_OAUTH_CLIENT_ID={}", asked.client_id));
    terminal.say("ATLASSIAN_OAUTH_CLIENT_SECRET=<the secret you entered>");
    terminal.say(&format!("ATLASSIAN_OAUTH_REDIRECT_URI={}", asked.redirect));
    terminal.say(&format!("ATLASSIAN_OAUTH_SCOPE={}", asked.scope));
}

fn random() -> Result<String, SetupError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| SetupError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
