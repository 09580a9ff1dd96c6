//! Whose process this is.

use super::Failure;
use crate::secrets::SecretRef;
use crate::secrets::UserName;
use crate::secrets::UserTemplate;
use crate::secrets::VaultRef;

/// The place of a secret in Vault: as it is written, or that of the user who runs this. None if it is not in Vault.
pub(super) fn in_vault(reference: &SecretRef) -> Result<Option<VaultRef>, Failure> {
    match reference {
        SecretRef::Vault(reference) => Ok(Some(reference.clone())),
        SecretRef::User(template) => own(template).map(Some),
        _ => Ok(None),
    }
}

/// The place of the secret of the user who runs this.
pub(super) fn own(template: &UserTemplate) -> Result<VaultRef, Failure> {
    let refused = |problem: &str| Failure::configuration(format!("`{template}`: {problem}"));
    let name = name().map_err(|problem| refused(&problem))?;
    let user = UserName::parse(&name).map_err(|error| refused(&error.to_string()))?;
    Ok(template.of(&user))
}

/// As the operating system knows the user. The environment is not asked: anybody writes there what they like.
#[cfg(unix)]
fn name() -> Result<String, String> {
    let number = nix::unistd::getuid();
    match nix::unistd::User::from_uid(number) {
        Ok(Some(user)) => Ok(user.name),
        Ok(None) => {
            Err(format!("the user with the number {number}, who runs this, has no name on this machine"))
        }
        Err(error) => Err(format!("the name of the user who runs this cannot be found out: {error}")),
    }
}

#[cfg(not(unix))]
fn name() -> Result<String, String> {
    Err("the name of the user who runs this is found out on Unix alone; name the place itself".to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_that_of_whoever_runs_this() {
        let output = std::process::Command::new("id").arg("-un").output().unwrap();
        let user = String::from_utf8(output.stdout).unwrap();
        let reference = SecretRef::parse("vault://kv/users/{user}/jira#token").unwrap();
        let place = in_vault(&reference).unwrap().unwrap();
        assert_eq!(place.to_string(), format!("vault://kv/users/{}/jira#token", user.trim()));
        let fixed = SecretRef::parse("vault://kv/jira#token").unwrap();
        assert_eq!(in_vault(&fixed).unwrap().unwrap().to_string(), "vault://kv/jira#token");
        assert!(in_vault(&SecretRef::parse("env://TOKEN").unwrap()).unwrap().is_none());
    }
}
