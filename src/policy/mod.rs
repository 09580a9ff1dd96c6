//! Cedar decides here, and nowhere else: the only place that makes an [`Allowed`].

mod effect;
mod principal;
mod resource;

pub use effect::Access;
pub use effect::Effect;
pub use effect::Read;
pub use effect::Write;
pub use principal::Principal;
pub use principal::PrincipalKind;
pub use principal::Session;
pub use resource::Product;
pub use resource::Resource;
pub use resource::ResourceKind;
