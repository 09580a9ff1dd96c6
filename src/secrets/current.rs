//! What was made of a secret of the configuration: once, or of each version that Vault has.

use std::sync::Arc;

use super::VaultError;
use super::Version;
use super::Watched;

/// What is in use just now, wherever the secret lies.
#[derive(Debug)]
pub enum Current<T> {
    /// It was read at the start and stays as it is.
    Fixed(Arc<Version<T>>),
    /// It lies in Vault, and is looked at ever after.
    Watched(Arc<Watched<T>>),
}

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Fixed(version) => Self::Fixed(Arc::clone(version)),
            Self::Watched(watched) => Self::Watched(Arc::clone(watched)),
        }
    }
}

impl<T: Send + Sync + 'static> Current<T> {
    /// Something that does not change.
    pub fn fixed(value: T) -> Self {
        Self::Fixed(Arc::new(Version { number: 1, value }))
    }

    /// The version in use, from memory.
    pub fn get(&self) -> Result<Arc<Version<T>>, VaultError> {
        match self {
            Self::Fixed(version) => Ok(Arc::clone(version)),
            Self::Watched(watched) => watched.get(),
        }
    }

    /// A newer version than the one that was refused where it was shown, if there is one.
    pub async fn rejected(&self, refused: u64) -> Option<Arc<Version<T>>> {
        match self {
            Self::Fixed(_) => None,
            Self::Watched(watched) => watched.rejected(refused).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_fixed_has_one_version() {
        let fixed = Current::fixed("value");
        let version = fixed.clone().get().unwrap();
        assert_eq!((version.number, version.value), (1, "value"));
        assert!(fixed.rejected(1).await.is_none());
    }
}
