//! Browsers on the management network: which certificate they show.

use super::{Browser, World, current};
use crate::{app::App, operators::Certificate};
use uuid::Uuid;

/// A client certificate.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    operator: Option<Uuid>,
    /// Of one certificate; otherwise it is the one that counts.
    digest: Option<String>,
}

impl Shown {
    /// What TLS would have verified.
    pub(super) async fn certificate(&self, app: &App) -> Certificate {
        let digest = match &self.digest {
            Some(digest) => digest.clone(),
            None => current(app, self.operator).await,
        };
        Certificate {
            operator: self.operator,
            digest,
        }
    }
}

impl World {
    /// The browser of somebody on the management network who shows this operator's certificate, whichever counts.
    pub(crate) fn console(&self, operator: Option<Uuid>) -> Browser {
        Browser {
            shown: Some(Shown {
                operator,
                digest: None,
            }),
            ..self.browser()
        }
    }

    /// As [`Self::console`], with one certificate, by its digest, whether it counts or not.
    pub(crate) fn console_with(&self, operator: Uuid, digest: &str) -> Browser {
        Browser {
            shown: Some(Shown {
                operator: Some(operator),
                digest: Some(digest.to_owned()),
            }),
            ..self.browser()
        }
    }

    /// The digest of the certificate that counts.
    pub(crate) async fn certificate(&self, operator: Uuid) -> String {
        current(&self.app, Some(operator)).await
    }
}

impl Browser {
    /// The operator whose certificate it shows.
    pub(crate) fn operator(&self) -> Uuid {
        self.shown.as_ref().unwrap().operator.unwrap()
    }
}
