//! The flags of the reference server.

use clap::Args;

use crate::config::Flags;

/// Flags for serving; each is the same as its variable, and beats it.
#[derive(Debug, Args)]
pub(super) struct ServeFlags {
    /// More log lines: -v for info, -vv for debug.
    #[arg(short = 'v', action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    /// stdio or streamable-http.
    #[arg(long)]
    transport: Option<String>,
    /// The port to listen on.
    #[arg(long)]
    port: Option<String>,
    /// The address to listen on.
    #[arg(long)]
    host: Option<String>,
    /// The path of the endpoint.
    #[arg(long)]
    path: Option<String>,
    /// Keep no sessions; this server never keeps any.
    #[arg(long)]
    stateless: bool,
    /// Refuse every write, whatever else is configured.
    #[arg(long)]
    read_only: bool,
    /// The tools to offer, comma separated.
    #[arg(long, value_name = "NAMES")]
    enabled_tools: Option<String>,
    /// The toolsets to offer, comma separated; `default` for the core ones, `all`.
    #[arg(long, value_name = "NAMES")]
    toolsets: Option<String>,
    #[command(flatten)]
    jira: JiraFlags,
    #[command(flatten)]
    confluence: ConfluenceFlags,
    #[command(flatten)]
    oauth: OAuthFlags,
}

/// Flags for Jira.
#[derive(Debug, Args)]
#[command(next_help_heading = "Jira")]
struct JiraFlags {
    /// Jira's URL.
    #[arg(long)]
    jira_url: Option<String>,
    /// User name or e-mail.
    #[arg(long)]
    jira_username: Option<String>,
    /// API token or password.
    #[arg(long, hide_env_values = true)]
    jira_token: Option<String>,
    /// Personal access token, Data Center.
    #[arg(long)]
    jira_personal_token: Option<String>,
    /// Check Jira's certificate.
    #[arg(long, overrides_with = "no_jira_ssl_verify")]
    jira_ssl_verify: bool,
    /// Do not check Jira's certificate.
    #[arg(long)]
    no_jira_ssl_verify: bool,
    /// The only projects that exist for this server, comma separated.
    #[arg(long)]
    jira_projects_filter: Option<String>,
}

/// Flags for Confluence.
#[derive(Debug, Args)]
#[command(next_help_heading = "Confluence")]
struct ConfluenceFlags {
    /// Confluence's URL.
    #[arg(long)]
    confluence_url: Option<String>,
    /// User name or e-mail.
    #[arg(long)]
    confluence_username: Option<String>,
    /// API token or password.
    #[arg(long)]
    confluence_token: Option<String>,
    /// Personal access token, Data Center.
    #[arg(long)]
    confluence_personal_token: Option<String>,
    /// Check Confluence's certificate.
    #[arg(long, overrides_with = "no_confluence_ssl_verify")]
    confluence_ssl_verify: bool,
    /// Do not check Confluence's certificate.
    #[arg(long)]
    no_confluence_ssl_verify: bool,
    /// The only spaces that exist for this server, comma separated.
    #[arg(long)]
    confluence_spaces_filter: Option<String>,
}

/// OAuth 2.0.
#[derive(Debug, Args)]
#[command(next_help_heading = "OAuth")]
#[expect(clippy::struct_field_names, reason = "the reference server's flags are named so")]
struct OAuthFlags {
    /// Walk through setting up OAuth, and end; the same as `portcullis oauth setup`.
    #[arg(long)]
    oauth_setup: bool,
    /// The client id of the OAuth app.
    #[arg(long)]
    oauth_client_id: Option<String>,
    /// Its secret.
    #[arg(long)]
    oauth_client_secret: Option<String>,
    /// Where the browser is sent back to.
    #[arg(long)]
    oauth_redirect_uri: Option<String>,
    /// The scopes to ask for, separated by blanks.
    #[arg(long)]
    oauth_scope: Option<String>,
    /// The id of the Cloud site.
    #[arg(long)]
    oauth_cloud_id: Option<String>,
    /// An access token that somebody else renews.
    #[arg(long)]
    oauth_access_token: Option<String>,
}

impl ServeFlags {
    /// The flags that were given, as settings.
    pub(super) fn to_settings(&self) -> Flags {
        let mut flags = Flags::default();
        let texts = [
            ("server.transport", &self.transport),
            ("server.port", &self.port),
            ("server.host", &self.host),
            ("server.path", &self.path),
            ("tools.enabled", &self.enabled_tools),
            ("tools.toolsets", &self.toolsets),
            ("jira.url", &self.jira.jira_url),
            ("jira.username", &self.jira.jira_username),
            ("jira.api_token", &self.jira.jira_token),
            ("jira.personal_token", &self.jira.jira_personal_token),
            ("jira.projects_filter", &self.jira.jira_projects_filter),
            ("confluence.url", &self.confluence.confluence_url),
            ("confluence.username", &self.confluence.confluence_username),
            ("confluence.api_token", &self.confluence.confluence_token),
            ("confluence.personal_token", &self.confluence.confluence_personal_token),
            ("confluence.spaces_filter", &self.confluence.confluence_spaces_filter),
            ("oauth.client_id", &self.oauth.oauth_client_id),
            ("oauth.client_secret", &self.oauth.oauth_client_secret),
            ("oauth.redirect_uri", &self.oauth.oauth_redirect_uri),
            ("oauth.scope", &self.oauth.oauth_scope),
            ("oauth.cloud_id", &self.oauth.oauth_cloud_id),
            ("oauth.access_token", &self.oauth.oauth_access_token),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                flags.set(key, value.as_str());
            }
        }
        let switches = [
            (self.stateless, "server.stateless", "true"),
            (self.read_only, "tools.read_only", "true"),
            (self.jira.jira_ssl_verify, "jira.ssl_verify", "true"),
            (self.jira.no_jira_ssl_verify, "jira.ssl_verify", "false"),
            (self.confluence.confluence_ssl_verify, "confluence.ssl_verify", "true"),
            (self.confluence.no_confluence_ssl_verify, "confluence.ssl_verify", "false"),
            (self.verbose == 1, "log.level", "info"),
            (self.verbose > 1, "log.level", "debug"),
        ];
        for (given, key, value) in switches {
            if given {
                flags.set(key, value);
            }
        }
        flags
    }

    /// Whether more log lines are wanted.
    pub(super) fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Whether OAuth is to be set up instead of serving.
    pub(super) fn sets_up_oauth(&self) -> bool {
        self.oauth.oauth_setup
    }
}
