//! Files that Cloud keeps elsewhere: the one redirect to another host that is followed.

use http::header;
use url::Url;

use super::Asked;
use super::Upstream;
use super::exchange::Failure;
use super::exchange::Readable;
use crate::audit::UpstreamNote;
use crate::net::Reply;
use crate::net::UpstreamError;
use crate::net::download_target;

impl Upstream {
    /// Asks for a file where the answer sent on to, if that is one of Atlassian's hosts for files. Neither the credential
    /// nor a header of the operator's goes there, and what it answers is followed nowhere.
    pub(super) async fn stored<T: Readable>(
        &self,
        asked: &Asked<'_>,
        failure: &Failure,
        from: &Url,
    ) -> Option<Result<Reply<T>, UpstreamError>> {
        let location = failure.location.as_deref().filter(|_| T::IS_FILE)?;
        let client = self.shared.settings.files.as_ref()?;
        let target = match download_target(from, location) {
            Ok(target) => target.into_url(),
            Err(error) => return Some(Err(UpstreamError::NotPermitted(error.to_string()))),
        };
        let started = std::time::Instant::now();
        let sent = client.get(target).header(header::ACCEPT, T::ACCEPT).send().await;
        let status = sent.as_ref().ok().map(|answer| answer.status().as_u16());
        let read = match sent {
            Ok(answer) => self.read(answer, false).await.map_err(|failure| failure.error),
            Err(error) => Err(self.failure(&error, None).error),
        };
        let (bytes, duration) = (read.as_ref().map_or(0, |(_, bytes)| *bytes), started.elapsed());
        let (method, path) = (asked.request.method.to_string(), asked.request.path.template().to_owned());
        (asked.note)(UpstreamNote { method, path, status, bytes, duration });
        Some(read.map(|(reply, _)| reply))
    }
}
