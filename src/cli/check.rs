//! `portcullis check`: everything that can be known wrong before anything is started; touches no network.

use super::Failure;
use super::assemble;
use super::output;
use crate::config::Loaded;
use crate::policy::Engine;
use crate::tools;
use crate::tools::Offer;

pub(super) fn run(loaded: &Loaded) -> Result<(), Failure> {
    for warning in &loaded.warnings {
        output::complain(&format!("warning: {warning}"));
    }
    let settings = &loaded.settings;
    settings.products().map_err(Failure::configuration)?;
    assemble::refuse_what_is_not_there(settings)?;
    let engine = Engine::load(&tools::facts(), &assemble::engine_settings(settings)?)
        .map_err(Failure::configuration)?;
    for name in Offer::unknown(settings.tools.enabled.as_deref(), settings.tools.toolsets.as_deref()) {
        output::complain(&format!("warning: no tool or toolset is called `{name}`"));
    }
    output::say(settings.summary().trim_end());
    output::say(&format!("policies: hash {}", engine.policy_hash()));
    output::say("the configuration is good");
    Ok(())
}
