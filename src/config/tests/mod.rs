//! Whole loads: sources in, settings out; the messages are in `messages`.

mod callers;
mod messages;

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::secrets::SecretRef;
use crate::secrets::VaultLogin;
use crate::secrets::WatchSettings;

/// Sources over a fresh directory with the files given.
struct Given {
    directory: TempDir,
    sources: Sources,
}

fn given(variables: &[(&str, &str)]) -> Given {
    let directory = tempfile::tempdir().unwrap();
    let mut environment = BTreeMap::from([("HOME".to_owned(), "/home/ann".to_owned())]);
    environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let working_directory = directory.path().to_owned();
    Given { directory, sources: Sources { environment, working_directory, ..Sources::default() } }
}

impl Given {
    fn file(mut self, text: &str) -> Self {
        self.sources.config_file = Some(self.write("config.toml", text));
        self
    }

    fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn dotenv(self, text: &str) -> Self {
        self.write(".env", text);
        self
    }

    fn flags(mut self, flags: &[(&str, &str)]) -> Self {
        self.sources.flags = flags.iter().copied().collect();
        self
    }

    fn load(&self) -> Loaded {
        load(&self.sources).unwrap()
    }

    /// The message, with the directory cut out of it.
    fn refused(&self) -> String {
        let error = load(&self.sources).unwrap_err();
        error.to_string().replace(&format!("{}/", self.directory.path().display()), "")
    }
}

fn jira(loaded: &Loaded) -> &ProductSettings {
    loaded.settings.jira.values().next().unwrap()
}

const CANARY: &str = "canary-7f3a";

#[test]
fn defaults() {
    let loaded = given(&[]).load();
    let Settings { jira, confluence, server, tools, policy, audit, vault, metrics, log, oauth, .. } =
        loaded.settings.clone();
    assert!(jira.is_empty() && confluence.is_empty() && vault.is_none() && !oauth.any_site);
    assert_eq!(oauth.token_directory.as_deref(), Some(Path::new("/home/ann/.mcp-atlassian")));
    assert_eq!((server.transport, server.host.as_str(), server.port), (Transport::Stdio, "127.0.0.1", 8000));
    assert_eq!((server.path.as_str(), server.body_limit_bytes, server.nesting_limit), ("/mcp", 1 << 20, 64));
    assert_eq!((server.deadline_seconds, server.max_concurrent_calls), (75, 256));
    assert!(!server.stateless && !server.allow_global_credential_fallback);
    assert_eq!((tools.read_only, tools.enabled, tools.toolsets), (ReadOnly::Unset, None, None));
    assert_eq!((policy.directory, policy.denied_tools), (None, DeniedTools::Explain));
    assert_eq!(audit.directory, Path::new("/home/ann/.local/state/portcullis/audit"));
    assert_eq!(audit.state_directory, Path::new("/home/ann/.local/state/portcullis"));
    assert_eq!((metrics.address, metrics.required), (None, false));
    assert_eq!((log.level, log.json), (LogLevel::Warn, false));
    let error = loaded.settings.products().unwrap_err();
    assert!(error.to_string().contains("JIRA_URL=https://jira.example.com"), "{error}");
}

#[test]
fn the_ranks() {
    let file = "[server]\nport = 1\nhost = \"1.1.1.1\"\npath = \"/file\"\ndeadline_seconds = 9\n";
    let environment = [("PORT", "2"), ("HOST", "2.2.2.2"), ("PORTCULLIS_SERVER__PATH", "/environment")];
    let given = given(&environment).file(file).dotenv("PORT=99\n").flags(&[("server.port", "4")]);
    let server = given.load().settings.server;
    assert_eq!((server.port, server.host.as_str()), (4, "2.2.2.2"));
    assert_eq!((server.path.as_str(), server.deadline_seconds), ("/environment", 9));

    let mut given = given.flags(&[("server.port", "")]);
    assert_eq!(given.load().settings.server.port, 2, "./.env is not read beside a TOML file");
    given.sources.env_file = Some(".env".into());
    assert_eq!(given.load().settings.server.port, 99, "--env-file is, and beats the environment");
    assert_eq!(given.load().files.len(), 2);
    given.sources.config_file = None;
    given.sources.env_file = None;
    assert_eq!(given.load().settings.server.port, 99);
}

#[test]
fn a_dotenv_file_beats_the_environment_under_any_name_and_may_take_variables_away() {
    let environment =
        [("PORTCULLIS_SERVER__PORT", "1"), ("READ_ONLY_MODE", "false"), ("JIRA_URL", "https://jira")];
    let loaded = given(&environment).dotenv("PORT=2\nREAD_ONLY_MODE=\nJIRA_URL=").load();
    assert_eq!((loaded.settings.server.port, loaded.settings.tools.read_only), (2, ReadOnly::Unset));
    assert!(loaded.settings.jira.is_empty());
}

#[test]
fn every_name_of_the_reference_server() {
    let loaded = given(&[
        ("JIRA_URL", "https://jira.example.com/base//"),
        ("JIRA_PERSONAL_TOKEN", CANARY),
        ("JIRA_CA_FILE", "ca.pem"),
        ("JIRA_CUSTOM_HEADERS", "X-One=a=b, X-Site=https://x ,X-Ref=env://HOME"),
        ("JIRA_PROJECTS_FILTER", "ops, dev,"),
        ("JIRA_HTTPS_PROXY", "http://user:pw-canary-7f3a@proxy:3128"),
        ("HTTP_PROXY", "shared:80"),
        ("CONFLUENCE_URL", "https://x.atlassian.net/wiki/"),
        ("CONFLUENCE_USERNAME", "ann@example.com"),
        ("CONFLUENCE_API_TOKEN", "cred://token"),
        ("CONFLUENCE_SPACES_FILTER", "DOCS,~ann"),
        ("CONFLUENCE_NO_PROXY", "localhost"),
        ("READ_ONLY_MODE", "On"),
        ("ENABLED_TOOLS", " jira_search ,, jira_get_issue"),
        ("TOOLSETS", " , "),
        ("TRANSPORT", "Streamable-HTTP"),
        ("STATELESS", "yes"),
        ("STREAMABLE_HTTP_PATH", "/x/"),
        ("ALLOW_GLOBAL_CRED_FALLBACK", "1"),
        ("MCP_VERY_VERBOSE", "true"),
        ("MCP_VERBOSE", "true"),
        ("LOGS_DIRECTORY", "/var/log/portcullis:/other"),
        ("STATE_DIRECTORY", "/var/lib/portcullis"),
    ])
    .load();
    let settings = &loaded.settings;
    let product = jira(&loaded);
    assert_eq!(
        (product.url.as_ref().unwrap().as_str(), product.deployment),
        ("https://jira.example.com/base", Deployment::DataCenter)
    );
    assert_eq!((product.reach.timeout_seconds, product.filter.join(" ")), (75, "OPS DEV".to_owned()));
    assert!(product.reach.ca_file.as_ref().unwrap().is_absolute());
    let header = |name: &str| match &product.custom_headers[name] {
        SecretRef::Literal(secret) => secret.expose().to_owned(),
        other => other.to_string(),
    };
    assert_eq!([header("x-one"), header("x-site"), header("x-ref")], ["a=b", "https://x", "env://HOME"]);
    assert_eq!(product.reach.http_proxy.as_ref().unwrap().to_string(), "http://shared");
    assert_eq!(product.reach.https_proxy.as_ref().unwrap().expose().password(), Some("pw-canary-7f3a"));
    let CredentialSettings::PersonalToken(SecretRef::Literal(token)) = &product.credential else {
        panic!("{:?}", product.credential);
    };
    assert_eq!(token.expose(), CANARY);
    let confluence = settings.confluence.values().next().unwrap();
    assert_eq!(
        (confluence.url.as_ref().unwrap().path(), confluence.deployment),
        ("/wiki", Deployment::Cloud)
    );
    assert!(
        matches!(&confluence.credential, CredentialSettings::Basic { username, .. } if username == "ann@example.com")
    );
    assert_eq!(
        (confluence.filter.as_slice(), confluence.reach.no_proxy.as_deref()),
        (&["DOCS".to_owned(), "~ann".to_owned()][..], Some("localhost"))
    );
    assert_eq!((settings.tools.read_only, settings.tools.toolsets.clone()), (ReadOnly::On, None));
    assert_eq!(
        settings.tools.enabled.as_deref(),
        Some(&["jira_search", "jira_get_issue"].map(str::to_owned)[..])
    );
    assert_eq!((settings.server.transport, settings.server.path.as_str()), (Transport::StreamableHttp, "/x"));
    assert!(settings.server.stateless && settings.server.allow_global_credential_fallback);
    assert_eq!((settings.log.level, settings.metrics.required), (LogLevel::Debug, true));
    assert_eq!(settings.metrics.address.unwrap().to_string(), "127.0.0.1:9464");
    assert_eq!(settings.audit.directory, Path::new("/var/log/portcullis"));
    assert_eq!(settings.audit.state_directory, Path::new("/var/lib/portcullis"));
    assert_eq!(loaded.warnings, Vec::<String>::new());
    shows_where_secrets_come_from(&loaded);
}

fn shows_where_secrets_come_from(loaded: &Loaded) {
    let shown = format!("{loaded:?} {}", loaded.summary());
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(loaded.summary().contains("personal token from literal"), "{shown}");
    assert!(loaded.summary().contains("secret from credential"), "{shown}");
}

fn kind(credential: &CredentialSettings) -> &'static str {
    match credential {
        CredentialSettings::None => "none",
        CredentialSettings::PersonalToken(_) => "token",
        CredentialSettings::Basic { .. } => "basic",
        CredentialSettings::BasicInVault(_) => "basic in Vault",
        CredentialSettings::AccessToken(_) => "access token",
        CredentialSettings::App(_) => "app",
        CredentialSettings::Certificate => "certificate",
        CredentialSettings::Passed => "passed",
    }
}

#[test]
fn credentials_by_deployment() {
    let load = |url: &str, parts: &str| {
        let part = |letter| parts.contains(letter);
        let mut variables = vec![("JIRA_URL", url)];
        variables.extend(part('u').then_some(("JIRA_USERNAME", "ann")));
        variables.extend(part('t').then_some(("JIRA_API_TOKEN", CANARY)));
        variables.extend(part('p').then_some(("JIRA_PERSONAL_TOKEN", CANARY)));
        load(&given(&variables).sources)
            .map(|loaded| (kind(&jira(&loaded).credential), loaded.warnings.len()))
    };
    let (cloud, center) = ("https://x.atlassian.net", "https://jira.example.com");
    for (url, parts, expected) in [
        (cloud, "ut", Some(("basic", 0))),
        (cloud, "utp", Some(("basic", 1))),
        (cloud, "u", None),
        (cloud, "p", None),
        (cloud, "up", None),
        (cloud, "", Some(("none", 0))),
        (center, "p", Some(("token", 0))),
        (center, "utp", Some(("token", 1))),
        (center, "ut", Some(("basic", 0))),
        (center, "t", None),
        (center, "u", None),
        (center, "up", Some(("token", 0))),
        (center, "", Some(("none", 0))),
    ] {
        let loaded = load(url, parts);
        assert_eq!(loaded.as_ref().ok(), expected.as_ref(), "{url} {parts}: {loaded:?}");
    }
    let nobody = given(&[("JIRA_URL", center)]).load();
    assert!(nobody.settings.products().unwrap_err().to_string().contains("JIRA_PERSONAL_TOKEN"));
    let over_http = given(&[("JIRA_URL", center), ("TRANSPORT", "sse")]).load();
    assert_eq!(over_http.settings.products().unwrap().len(), 1);
    assert_eq!(over_http.settings.server.path, "/sse");
}

type Variables<'a> = &'a [&'a [(&'static str, &'static str)]];

const APP: [(&str, &str); 5] = [
    ("ATLASSIAN_OAUTH_CLIENT_ID", "app"),
    ("ATLASSIAN_OAUTH_CLIENT_SECRET", CANARY),
    ("ATLASSIAN_OAUTH_REDIRECT_URI", "http://localhost:8080/callback"),
    ("ATLASSIAN_OAUTH_SCOPE", "read:jira-work offline_access"),
    ("ATLASSIAN_OAUTH_CLOUD_ID", "cid-1"),
];
const PROXY: (&str, &str) = ("ATLASSIAN_OAUTH_PROXY_ENABLE", "true");
const TOKEN: (&str, &str) = ("ATLASSIAN_OAUTH_ACCESS_TOKEN", CANARY);
const CLOUD: (&str, &str) = ("JIRA_URL", "https://x.atlassian.net");
const CENTER: (&str, &str) = ("JIRA_URL", "https://jira.example.com");
const BASIC: [(&str, &str); 2] = [("JIRA_USERNAME", "ann"), ("JIRA_API_TOKEN", CANARY)];
const PERSONAL: (&str, &str) = ("JIRA_PERSONAL_TOKEN", CANARY);
const EXTERNAL: (&str, &str) = ("ATLASSIAN_EXTERNAL_AUTH_ENABLE", "true");

#[test]
fn ways_to_log_in_have_the_order_of_the_reference_server() {
    let table: [(Variables<'_>, Result<&str, &str>); 21] = [
        (&[&[CLOUD], &APP], Ok("app")),
        (&[&[CLOUD], &APP, &BASIC], Ok("app")),
        (&[&[CLOUD], &APP, &[TOKEN]], Ok("access token")),
        (
            &[&[CLOUD], &APP[..2]],
            Err("OAuth on Cloud also needs ATLASSIAN_OAUTH_REDIRECT_URI and ATLASSIAN_OAUTH_SCOPE"),
        ),
        (&[&[CLOUD], &APP[..1]], Err("set ATLASSIAN_OAUTH_CLIENT_SECRET as well")),
        (&[&[CLOUD], &APP[..1], &BASIC], Ok("basic")),
        (&[&[CLOUD], &APP[..4]], Err("OAuth on Cloud needs the site's id: set ATLASSIAN_OAUTH_CLOUD_ID")),
        (&[&[CLOUD, PROXY], &APP[..4]], Ok("none")),
        (&[&[CLOUD, PROXY], &APP], Ok("app")),
        (&[&[CLOUD, TOKEN]], Err("OAuth on Cloud needs the site's id: set ATLASSIAN_OAUTH_CLOUD_ID")),
        (&[&[TOKEN], &APP[4..]], Ok("access token")),
        (&[&APP], Ok("app")),
        (&[&[CENTER], &APP[..2]], Ok("app")),
        (&[&[CENTER, TOKEN]], Ok("access token")),
        (&[&[CENTER, PERSONAL, TOKEN], &APP], Ok("token")),
        (&[&[CENTER], &APP, &BASIC], Ok("app")),
        (&[&[CENTER, ("JIRA_CLIENT_CERT", "/c.pem")]], Ok("certificate")),
        (&[&[CENTER, ("JIRA_CLIENT_CERT", "/c.pem")], &BASIC], Ok("basic")),
        (&[&[CENTER, EXTERNAL]], Ok("passed")),
        (&[&[CENTER, EXTERNAL, PERSONAL]], Ok("token")),
        (
            &[&[CENTER, ("JIRA_CLIENT_KEY", "/k.pem")]],
            Err("JIRA_CLIENT_KEY and JIRA_CLIENT_KEY_PASSWORD belong"),
        ),
    ];
    for (variables, expected) in table {
        let given = given(&variables.concat());
        match (load(&given.sources), expected) {
            (Ok(loaded), Ok(expected)) => {
                assert_eq!(kind(&jira(&loaded).credential), expected, "{variables:?}");
                assert!(!format!("{loaded:?} {} {:?}", loaded.summary(), loaded.warnings).contains(CANARY));
            }
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (loaded, _) => panic!("{variables:?}: {:?}", loaded.map(|loaded| loaded.summary())),
        }
    }
    let own = [("JIRA_OAUTH_CLIENT_ID", "own"), ("JIRA_OAUTH_CLIENT_SECRET", CANARY)];
    let loaded = given(&[&[CLOUD][..], &APP, &own].concat()).load();
    let CredentialSettings::App(app) = &jira(&loaded).credential else { panic!("not an app") };
    assert_eq!((app.client_id.as_str(), app.scope.as_str()), ("own", APP[3].1));
}

/// The values of the authentication guide, as it prints them.
#[test]
fn the_guides_own_examples_are_taken() {
    let addresses = [
        ("JIRA_URL", "https://your-company.atlassian.net"),
        ("CONFLUENCE_URL", "https://your-company.atlassian.net/wiki"),
    ];
    let scope =
        "read:jira-work write:jira-work read:confluence-content.all write:confluence-content offline_access";
    let app = [
        ("ATLASSIAN_OAUTH_CLOUD_ID", "your_cloud_id_from_wizard"),
        ("ATLASSIAN_OAUTH_CLIENT_ID", "your_oauth_client_id"),
        ("ATLASSIAN_OAUTH_CLIENT_SECRET", "your_oauth_client_secret"),
        ("ATLASSIAN_OAUTH_REDIRECT_URI", "http://localhost:8080/callback"),
        ("ATLASSIAN_OAUTH_SCOPE", scope),
    ];
    let loaded = given(&[&addresses[..], &app].concat()).load();
    let confluence = loaded.settings.confluence.values().next().unwrap();
    assert_eq!((kind(&jira(&loaded).credential), kind(&confluence.credential)), ("app", "app"));
    let token = [
        ("ATLASSIAN_OAUTH_CLOUD_ID", "your_cloud_id"),
        ("ATLASSIAN_OAUTH_ACCESS_TOKEN", "your_pre_existing_access_token"),
    ];
    assert_eq!(kind(&jira(&given(&[&addresses[..], &token].concat()).load()).credential), "access token");
    assert_eq!(kind(&jira(&given(&token).load()).credential), "access token", "no address is needed");
    let any =
        given(&[("ATLASSIAN_OAUTH_ENABLE", "true"), ("TRANSPORT", "streamable-http"), ("PORT", "9000")]);
    assert!(any.load().settings.oauth.any_site && any.load().settings.products().unwrap().is_empty());

    let proxy = given(&[
        ("JIRA_URL", "https://jira.your-company.com"),
        ("ATLASSIAN_OAUTH_PROXY_ENABLE", "true"),
        ("PUBLIC_BASE_URL", "https://mcp.example.com/mcp-atlassian"),
        (
            "ATLASSIAN_OAUTH_ALLOWED_CLIENT_REDIRECT_URIS",
            "http://localhost:*,http://127.0.0.1:*,https://chatgpt.com/connector_platform_oauth_redirect",
        ),
        ("ATLASSIAN_OAUTH_ALLOWED_GRANT_TYPES", "authorization_code,refresh_token"),
        ("ATLASSIAN_OAUTH_REQUIRE_CONSENT", "true"),
    ]);
    let warnings = proxy.load().warnings.join("\n");
    assert!(
        warnings.contains("ATLASSIAN_OAUTH_PROXY_ENABLE: the OAuth proxy is not served yet"),
        "{warnings}"
    );
}

#[test]
fn several_sites_of_one_product() {
    let file = "[jira]\nurl = \"https://jira.example.com\"\npersonal_token = \"a\"\n[jira.lab]\nurl = \
                \"https://lab.example.com\"\npersonal_token = \"env://LAB\"\nprojects_filter = [\"ops\"]\n";
    let environment = [
        ("PORTCULLIS_JIRA__LAB__TIMEOUT_SECONDS", "9"),
        ("HTTPS_PROXY", "http://shared:3128"),
        ("LAB", CANARY),
    ];
    let loaded = given(&environment).file(file).load();
    let sites: Vec<_> = loaded.settings.jira.iter().collect();
    let [(default, main), (name, lab)] = sites.as_slice() else { panic!("{sites:?}") };
    assert!(default.is_default() && main.filter.is_empty());
    assert_eq!(
        (name.as_str(), lab.reach.timeout_seconds, lab.filter.join(" ")),
        ("lab", 9, "OPS".to_owned())
    );
    for site in [main, lab] {
        assert_eq!(site.reach.https_proxy.as_ref().unwrap().to_string(), "http://shared:3128");
    }
    assert!(loaded.summary().contains("jira.lab    https://lab.example.com"), "{}", loaded.summary());
    let homeless = given(&[("PORTCULLIS_JIRA__LAB__USERNAME", "ann")]).refused();
    assert!(homeless.contains("jira.lab: has no address; set jira.lab.url"), "{homeless}");
}

#[test]
fn advisory_1087_deployment_by_the_end_of_the_host_name_and_not_by_a_part() {
    for (host, expected) in [
        ("x.atlassian.net", "cloud"),
        ("X.Atlassian.NET", "cloud"),
        ("x.atlassian.net.", "cloud"),
        ("x.jira.com", "cloud"),
        ("x.jira-dev.com", "cloud"),
        ("api.atlassian.com", "cloud"),
        ("x.atlassian-us-gov-mod.net", "cloud"),
        ("x.atlassian-us-gov.net", "cloud"),
        ("x.atlassian.net.attacker.com", "datacenter"),
        ("atlassian.net", "datacenter"),
        ("notatlassian.net", "datacenter"),
        ("localhost:8080", "datacenter"),
        ("127.0.0.1", "datacenter"),
        ("10.0.0.1", "datacenter"),
        ("[::1]:80", "datacenter"),
    ] {
        let loaded = given(&[("JIRA_URL", &format!("https://{host}"))]).load();
        assert_eq!(jira(&loaded).deployment.as_str(), expected, "{host}");
    }
    let told = given(&[("JIRA_URL", "http://127.0.0.1:9"), ("JIRA_DEPLOYMENT", "Cloud")]).load();
    assert_eq!(jira(&told).deployment, Deployment::Cloud);
    let told = given(&[("JIRA_URL", "https://x.atlassian.net"), ("JIRA_DEPLOYMENT", "datacenter")]).load();
    assert_eq!(jira(&told).deployment, Deployment::DataCenter);
}

#[test]
fn warnings() {
    let warned = |variables: &[(&str, &str)]| given(variables).load().warnings.join("\n");
    for (variables, expected) in [
        (&[("JIRA_URL", "http://jira.example.com")][..], "plain http"),
        (&[("JIRA_URL", "https://jira"), ("JIRA_SSL_VERIFY", "false")], "certificate is not checked"),
        (&[("JIRA_API_TOKEN", CANARY)], "JIRA_API_TOKEN is set, but JIRA_URL is not"),
        (
            &[("JIRA_PERSONAL_TOKN", CANARY)],
            "JIRA_PERSONAL_TOKN is not a known variable and has no effect; did you mean `JIRA_PERSONAL_TOKEN`?",
        ),
        (&[("MCP_ATLASSIAN_SOMETHING_ELSE", "1")], "has no effect"),
        (&[("FASTMCP_HOME", "/x")], "FASTMCP_HOME: has no effect"),
    ] {
        let text = warned(variables);
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains(CANARY), "{text}");
    }
    for quiet in [
        &[("JIRA_URL", "http://127.0.0.1:8080")][..],
        &[("JIRA_MINE", "x"), ("JIRA_PERSONAL_TOKEN", "env://JIRA_MINE"), ("JIRA_URL", "https://jira")],
        &[("MCP_ATLASSIAN_USE_SYSTEM_TRUSTSTORE", "true"), ("ATLASSIAN_OAUTH_ENABLE", "")],
        &[
            ("PORTCULLIS_PORT", "tcp://10.0.0.1:80"),
            ("PORTCULLIS_SERVICE_HOST", "x"),
            ("PORTCULLIS_PORT_80_TCP", "x"),
        ],
        &[("UNRELATED", "x"), ("JIRA_URL_", "")],
    ] {
        assert_eq!(warned(quiet), "", "{quiet:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_secret_in_an_open_file_is_warned_about() {
    use std::os::unix::fs::PermissionsExt as _;
    let with_mode = |text: &str, mode| {
        let given = given(&[]).file(text);
        let path = given.directory.path().join("config.toml");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        given.load().warnings.join("\n")
    };
    let literal = format!("[jira]\nurl = \"https://jira\"\npersonal_token = \"{CANARY}\"");
    let reference = "[jira]\nurl = \"https://jira\"\npersonal_token = \"cred://x\"";
    let warned = with_mode(&literal, 0o644);
    assert!(
        warned.contains("config.toml:3: jira.personal_token is a secret in a file that every user may read"),
        "{warned}"
    );
    assert!(!warned.contains(CANARY));
    assert_eq!(with_mode(&literal, 0o640), "");
    assert_eq!(with_mode(reference, 0o644), "");
}

#[test]
fn vault_settings_must_fit_together() {
    let base = "[vault]\naddress = \"https://vault\"\nrole_id = \"cred://r\"\n";
    let loaded = given(&[]).file(&format!("{base}secret_id = \"cred://s\"")).load();
    let vault = loaded.settings.vault.clone().unwrap();
    assert!(
        matches!(&vault.login, VaultLogin::AppRole { mount, wrapped_for: None, .. } if mount == "approle")
    );
    assert_eq!((vault.timeout_seconds, vault.watch), (5, WatchSettings::default()));
    assert!(loaded.secrets().is_ok());
    let login = "[vault]\naddress = \"https://vault\"\nlogin = ";
    for (rest, method) in [
        ("\"kubernetes\"\nrole = \"r\"", "Kubernetes"),
        ("\"jwt\"\njwt = \"file:///t\"", "JWT"),
        ("\"certificate\"\nclient_certificate = \"/c\"", "certificate"),
        ("\"token\"\ntoken = \"env://T\"", "token"),
        ("\"token-file\"\ntoken_file = \"/t\"", "token file"),
        (
            "\"approle\"\nrole_id = \"r\"\nsecret_id = \"s\"\nsecret_id_wrapped = true\nrole = \"p\"",
            "AppRole",
        ),
    ] {
        let loaded = given(&[]).file(&format!("{login}{rest}")).load();
        assert_eq!(loaded.settings.vault.as_ref().unwrap().login.method(), method);
        assert!(loaded.summary().contains(&format!("login by {method}")), "{}", loaded.summary());
    }
    for (text, says) in [
        (base.to_owned(), "vault.secret_id is not set"),
        ("[vault]\nnamespace = \"a\"".to_owned(), "vault.address is not set"),
        (format!("{base}secret_id = \"vault://kv/a#b\""), "cannot itself be in Vault"),
        (format!("{base}secret_id = \"s\"\nauth_mount = \"../x\""), "not the name of a mount"),
        (format!("{base}secret_id = \"s\"\nnamespace = \"a b\""), "not the name of a namespace"),
        (format!("{}secret_id = \"s\"", base.replace("https", "http")), "not https"),
        (format!("{base}secret_id = \"s\"\nother_addresses = [\"http://b\"]"), "not https"),
        (format!("{base}secret_id = \"s\"\nother_addresses = [\"b\"]"), "has no scheme"),
        (format!("{base}secret_id = \"s\"\nother_addresses = [\"http://127.0.0.1\"]"), "must all be https"),
        (format!("{base}secret_id = \"s\"\nclient_key = \"/k\""), "belongs to vault.client_certificate"),
        (format!("{base}secret_id = \"s\"\nsecret_id_wrapped = true"), "vault.role is not set"),
        (format!("{login}\"kubernetes\""), "vault.role is not set"),
        (format!("{login}\"jwt\""), "vault.jwt is not set"),
        (format!("{login}\"jwt\"\njwt = \"vault://kv/a#b\""), "cannot itself be in Vault"),
        (format!("{login}\"certificate\""), "vault.client_certificate is not set"),
        (format!("{login}\"token\""), "vault.token is not set"),
        (format!("{login}\"token-file\""), "vault.token_file is not set"),
        (
            "[jira]\nurl = \"https://j\"\npersonal_token = \"vault://kv/a#b\"".to_owned(),
            "vault.address is not set",
        ),
    ] {
        let message = given(&[]).file(&text).refused();
        assert!(message.contains(says), "{text}: {message}");
    }
    let unused =
        given(&[]).file(&format!("{login}\"token-file\"\ntoken_file = \"/t\"\nauth_mount = \"x\"")).load();
    assert_eq!(unused.warnings, ["vault.auth_mount is not used by the login that vault.login names"]);
    let loopback =
        given(&[]).file(&format!("{}secret_id = \"s\"", base.replace("https://vault", "http://[::1]:8200")));
    assert!(loopback.load().settings.vault.is_some());
}

const VAULT: &str = "[vault]\naddress = \"https://vault\"\nrole_id = \"r\"\nsecret_id = \"s\"\n";

#[test]
fn a_name_and_its_secret_in_vault_are_of_one_secret() {
    let load = |username: &str, secret: &str| {
        given(&[
            ("JIRA_URL", "https://j.example.com"),
            ("JIRA_USERNAME", username),
            ("JIRA_API_TOKEN", secret),
        ])
        .file(VAULT)
    };
    let loaded = load("vault://database/creds/jira#username", "vault://database/creds/jira#password").load();
    let credential = &jira(&loaded).credential;
    assert_eq!(kind(credential), "basic in Vault");
    assert_eq!(
        credential.reference().unwrap().to_string(),
        "vault://database/creds/jira#username and #password"
    );
    for secret in ["vault://database/creds/wiki#password", CANARY] {
        let message = load("vault://database/creds/jira#username", secret).refused();
        assert!(message.contains("JIRA_API_TOKEN must be another key of the same secret"), "{message}");
        assert!(!message.contains(CANARY), "{message}");
    }
    let message = load("vault://database#username", "vault://database/creds/wiki#password").refused();
    assert!(message.contains("JIRA_USERNAME: `vault://database#username`"), "{message}");
}

#[test]
fn a_place_of_whoever_runs_it_is_for_credentials_over_stdio() {
    const OWN: &str = "vault://kv/users/{user}/jira#token";
    let load = |more: &[(&'static str, &'static str)]| {
        given(&[&[("JIRA_URL", "https://j.example.com")], more].concat()).file(VAULT)
    };
    let loaded =
        load(&[("JIRA_PERSONAL_TOKEN", OWN), ("PORTCULLIS_VAULT__HELP_URL", "https://w.example.com/t")]);
    let loaded = loaded.load();
    assert_eq!(jira(&loaded).credential.reference().unwrap().to_string(), OWN);
    assert!(loaded.settings.vault.unwrap().help_url.is_some());
    for (variables, says) in [
        (
            &[("JIRA_PERSONAL_TOKEN", OWN), ("TRANSPORT", "streamable-http")][..],
            "over HTTP nothing says for certain who that is",
        ),
        (
            &[("JIRA_PERSONAL_TOKEN", "x"), ("PORTCULLIS_AUDIT__HMAC_KEY", OWN)],
            "only a personal token, an API token, a password or an access token may",
        ),
        (&[("JIRA_PERSONAL_TOKEN", "vault://kv/{user}x/jira#token")], "not exactly one `{user}`"),
        (&[("JIRA_PERSONAL_TOKEN", "x"), ("PORTCULLIS_VAULT__SECRET_ID", OWN)], "cannot itself be in Vault"),
    ] {
        let message = load(variables).refused();
        assert!(message.contains(says), "{variables:?}: {message}");
    }
    let alone = given(&[("JIRA_URL", "https://j.example.com"), ("JIRA_PERSONAL_TOKEN", OWN)]).refused();
    assert!(alone.contains("vault.address is not set"), "{alone}");
}

#[test]
fn a_host_is_a_name_and_no_address_of_a_page() {
    let hosts = |text| {
        let credential = [("JIRA_URL", "https://j.example.com"), ("JIRA_PERSONAL_TOKEN", "x")];
        given(&[&credential[..], &[("PORTCULLIS_SERVER__ALLOWED_HOSTS", text)]].concat())
    };
    assert_eq!(hosts("a.example.com,b:8443").load().settings.server.allowed_hosts.len(), 2);
    for text in ["https://portcullis.example.com", "a.example.com,portcullis.example.com/mcp"] {
        let message = hosts(text).refused();
        assert!(message.contains("write its name alone"), "{message}");
    }
}

#[test]
fn a_service_without_a_home_is_told() {
    let mut given = given(&[]);
    given.sources.environment.remove("HOME");
    assert!(given.refused().contains("LOGS_DIRECTORY, XDG_STATE_HOME or HOME"), "{}", given.refused());
    given.sources.environment.insert("XDG_STATE_HOME".to_owned(), "/state".to_owned());
    assert_eq!(given.load().settings.audit.directory, Path::new("/state/portcullis/audit"));
}

#[test]
fn the_shipped_files_load_and_the_example_is_complete() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
    let loaded = given(&[]).file(&read("read-only.toml")).load();
    assert_eq!(loaded.settings.products().unwrap().len(), 2);
    assert_eq!((loaded.settings.tools.read_only, loaded.warnings.len()), (ReadOnly::On, 0));

    let example = read("example.toml");
    given(&[]).file(&example).load();
    let is_setting =
        |line: &str| line.starts_with('#') && line[1..].starts_with(|c: char| c.is_ascii_lowercase());
    let all: Vec<_> = example.lines().map(|line| if is_setting(line) { &line[1..] } else { line }).collect();
    // Two ways each to the key of checkpoints and to the certificate of the listener.
    for ways in [
        &["signing_key ", "tls.certificate ", "tls.key "][..],
        &["signing_transit_key ", "tls.pki_role ", "tls.names ", "tls.hours "],
    ] {
        let others = all.iter().filter(|line| !ways.iter().any(|way| line.starts_with(way)));
        let loaded = given(&[]).file(&others.copied().collect::<Vec<_>>().join("\n")).load();
        assert_eq!(loaded.settings.log.level, LogLevel::Warn);
    }
    let found = file::parse(Path::new("example.toml"), &all.join("\n")).unwrap();
    let shown: Vec<_> = found.iter().map(|found| found.key.name).collect();
    let missing: Vec<_> =
        keys::KEYS.iter().map(|key| key.name).filter(|name| !shown.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn rules_of_the_audit_log_are_read_in_their_order() {
    let text = "[[audit.rules]]\nproject = \"HR\"\n[[audit.rules]]\ntool = \"jira_*\"\nlevel = \"arguments\"\n\
                [[audit.rules]]\nclear = [\"issue_key\"]\n";
    let tables = given(&[]).file(text).load().settings.audit.rules;
    let inline = "[audit]\nrules = [{ project = \"HR\" }, { tool = \"jira_*\", level = \"arguments\" }, \
                  { clear = [\"issue_key\"] }]\n";
    assert_eq!(given(&[]).file(inline).load().settings.audit.rules, tables);
    assert_eq!(tables[0], AuditRule { project: Some("HR".into()), ..AuditRule::default() });
    assert_eq!(tables[1].level.as_deref(), Some("arguments"));
    assert_eq!(tables[2].clear, ["issue_key"]);
    assert!(given(&[]).load().settings.audit.rules.is_empty());
}

#[test]
fn rules_of_the_audit_log_that_say_nothing_or_too_much_are_refused() {
    for (text, says) in [
        ("[audit]\nrules = []\n", "is an empty list"),
        ("[audit]\nrules = \"metadata\"\n", "[[audit.rules]]"),
        ("[audit]\nrules = [\"metadata\"]\n", "[[audit.rules]]"),
        ("[[audit.rules]]\nlevel = \"none\"\n", "rule 1: `none` is no level"),
        ("[[audit.rules]]\n[[audit.rules]]\nlevel = \"all\"\n", "rule 2: `level` is `all`"),
        ("[[audit.rules]]\ntols = \"x\"\n", "did you mean `tool`"),
        ("[[audit.rules]]\ntool = \"[\"\n", "`tool` is no pattern"),
        ("[[audit.rules]]\ntool = 1\n", "`tool` takes a text"),
        ("[[audit.rules]]\nclear = []\n", "`clear` takes names"),
        ("[[audit.rules]]\nproject = \"A\"\nspace = \"B\"\n", "write two rules"),
        ("[[audit.rules]]\nproject = \"A\"\nproduct = \"confluence\"\n", "no call would fit"),
    ] {
        let error = load(&given(&[]).file(text).sources).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("config.toml:"), "{text}: {error}");
    }
}

#[test]
fn places_of_the_audit_log_are_read_and_must_fit_together() {
    let text = format!(
        "[audit]\nrequire = \"any\"\ncopies = [\"journald\"]\n[audit.http]\nurl = \"https://c/x/\"\ntoken = \
         \"{CANARY}\"\n[audit.witness]\nurl = \"http://127.0.0.1:1/w\"\n[audit.syslog]\naddress = \
         \"tcp+tls://logs\"\n"
    );
    let loaded = given(&[("PORTCULLIS_AUDIT__HTTP__TIMEOUT_SECONDS", "7")]).file(&text).load();
    let audit = &loaded.settings.audit;
    let http = audit.http.as_ref().unwrap();
    assert_eq!((http.url.as_str(), http.timeout_seconds), ("https://c/x", 7));
    assert_eq!((audit.require, audit.witness.is_some()), (AuditRequire::Any, true));
    let address = SyslogAddress::Tls { host: "logs".into(), port: 6514 };
    assert_eq!(audit.syslog.as_ref().unwrap().address, address);
    assert!(!loaded.summary().contains(CANARY) && loaded.summary().contains("https://c/x"));
    let syslog = |address: &str| format!("[audit.syslog]\naddress = \"{address}\"\n");
    for (text, says) in [
        ("[audit]\nrequire = \"any\"\n".to_owned(), "set audit.http.url"),
        ("[audit]\nrequire = \"none\"\n".to_owned(), "audit.require: `none`"),
        ("[audit]\ncopies = [\"stdout\"]\n".to_owned(), "standard output belongs to the protocol"),
        ("[audit]\ncopies = [\"kafka\"]\n".to_owned(), "audit.copies: `kafka`"),
        ("[audit.http]\ntoken = \"x\"\n".to_owned(), "audit.http.token is set, but audit.http.url is not"),
        ("[audit.http]\nurl = \"http://c\"\n".to_owned(), "audit.http.url `http://c/` is not https"),
        ("[audit.http]\nulr = \"http://c\"\n".to_owned(), "did you mean `audit.http.url`?"),
        ("[audit]\nhttp = 1\n".to_owned(), "audit.http is not a known setting"),
        (
            "[audit.witness]\nurl = \"https://c\"\nclient_key = \"k\"\n".to_owned(),
            "set audit.witness.client_certificate",
        ),
        (syslog("udp://logs:514"), "is no syslog server"),
        (syslog("tcp://logs:601"), "is in the clear; write tcp+tls://"),
        (syslog("unix:log"), "names no absolute path"),
        (syslog("tcp+tls://a:b@logs"), "is no syslog server"),
        (format!("{}ca_file = \"x\"\n", syslog("unix:/dev/log")), "begins with tcp+tls://"),
    ] {
        let error = load(&given(&[]).file(&text).sources).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn sources_and_flags_show_no_values() {
    let given = given(&[("JIRA_API_TOKEN", CANARY)]).flags(&[("jira.personal_token", CANARY)]);
    assert!(!format!("{:?}", given.sources).contains(CANARY));
    assert!(format!("{:?}", given.sources).contains("jira.personal_token"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_file_makes_it_panic(text in "(\\[(jira|server|tools|x)\\]\n)?([a-z_]{1,8} ?= ?[\\[\\]{}a-z0-9\"',.=-]{0,10}\n){0,4}") {
        let given = given(&[]).file(&text);
        if let Err(error) = load(&given.sources) {
            prop_assert!(error.to_string().contains("config.toml:") || matches!(error, ConfigError::Combination(_)), "{}", error);
        }
    }

    #[test]
    fn a_secret_never_shows(token in "[!-~]{12,32}") {
        prop_assume!(!"personal_token".contains(&token));
        let given = given(&[("JIRA_URL", "https://jira"), ("JIRA_PERSONAL_TOKEN", &token)]);
        let shown = match load(&given.sources) {
            Ok(loaded) if matches!(jira(&loaded).credential.reference(), Some(SecretRef::Literal(_))) => {
                format!("{loaded:?}{}", loaded.summary())
            }
            Ok(_) => String::new(),
            Err(error) => format!("{error:?}{error}"),
        };
        prop_assert!(!shown.contains(&token));
    }
}

#[test]
fn a_script_for_proxies_is_the_products_or_shared_by_both() {
    let jira = ("JIRA_URL", "https://jira.example.com");
    let token = ("JIRA_PERSONAL_TOKEN", "x");
    let shared = ("ATLASSIAN_PROXY_WPAD_ENABLE", "true");
    let given = |more: &[(&str, &str)]| given(&[&[jira, token], more].concat());
    if !cfg!(feature = "pac") {
        let error = given(&[shared]).refused();
        assert!(error.contains("--features pac") && error.contains("JIRA_HTTPS_PROXY"), "{error}");
        return;
    }
    let table = [
        (vec![], None),
        (vec![shared], Some("http://wpad/wpad.dat")),
        (vec![shared, ("JIRA_PROXY_WPAD_ENABLE", "false")], None),
        (vec![shared, ("JIRA_PROXY_WPAD_URL", "file:///etc/proxy.pac")], Some("file:///etc/proxy.pac")),
        (vec![shared, ("ATLASSIAN_PROXY_WPAD_URL", "https://x/p")], Some("https://x/p")),
    ];
    for (more, wanted) in table {
        let settings = given(&more).load().settings;
        let script = settings.jira.values().next().unwrap().reach.proxy_script.clone();
        assert_eq!(script.as_ref().map(url::Url::as_str), wanted, "{more:?}");
    }
    let error = given(&[shared, ("JIRA_PROXY_WPAD_URL", "ftp://x/")]).refused();
    assert!(error.contains("JIRA_PROXY_WPAD_URL is not an address"), "{error}");
}
