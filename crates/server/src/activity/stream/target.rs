//! Where records go. Where they must not is in `public_address`.

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// RFC 5424 over TLS.
    Syslog,
    /// OpenTelemetry logs over HTTPS.
    Otlp,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Syslog => "syslog",
            Self::Otlp => "otlp",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Syslog, Self::Otlp]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// What the form says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The stored form of the kind.
    pub kind: String,
    /// A name or an address.
    pub host: String,
    /// As typed.
    pub port: String,
    /// Of OTLP alone.
    pub path: String,
    /// Whom to trust, PEM; empty for the public authorities.
    pub ca_pem: String,
    /// What we show, PEM; empty for nothing.
    pub client_pem: String,
    /// The certificate's key; empty keeps the one that is kept.
    pub client_key: String,
    /// The value of the Authorization header; empty keeps the one that is kept.
    pub authorization: String,
}

/// A draft that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) kind: Kind,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) ca_pem: String,
    pub(crate) client_pem: String,
}

/// Which field cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Kind,
    Host,
    Port,
    Path,
    Certificates,
    Authorization,
}

impl Field {
    /// The field of the form beside which it is said.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Host => "host",
            Self::Port => "port",
            Self::Path => "path",
            Self::Certificates => "ca_pem",
            Self::Authorization => "authorization",
        }
    }
}

impl Draft {
    /// Reads what was typed; the certificates' contents are tried when a connection is made.
    pub(super) fn target(&self) -> Result<Target, Field> {
        const MOST_PEM: usize = 32 * 1024;
        let kind = Kind::from_name(&self.kind).ok_or(Field::Kind)?;
        let host = self.host.trim();
        let letters = |c: char| c.is_ascii_alphanumeric() || ".-:_".contains(c);
        if host.is_empty() || host.len() > 253 || !host.chars().all(letters) {
            return Err(Field::Host);
        }
        let port: u16 = self.port.trim().parse().map_err(|_| Field::Port)?;
        let path = match (kind, self.path.trim()) {
            (Kind::Syslog, _) => "",
            (Kind::Otlp, "") => "/v1/logs",
            (Kind::Otlp, path) => path,
        };
        let printable = |c: char| c.is_ascii_graphic() && !"#\"<>\\^`{|}".contains(c);
        let good = path.is_empty() || path.starts_with('/');
        if port == 0 {
            return Err(Field::Port);
        }
        if !good || path.len() > 500 || !path.chars().all(printable) {
            return Err(Field::Path);
        }
        let secret = &self.authorization;
        if secret.len() > 4000 || !secret.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            return Err(Field::Authorization);
        }
        let pems = [&self.ca_pem, &self.client_pem, &self.client_key];
        let is_pem = |pem: &str| pem.is_empty() || pem.starts_with("-----BEGIN ");
        if pems
            .iter()
            .any(|pem| pem.len() > MOST_PEM || !is_pem(pem.trim()))
        {
            return Err(Field::Certificates);
        }
        Ok(Target {
            kind,
            host: host.to_owned(),
            port,
            path: path.to_owned(),
            ca_pem: self.ca_pem.trim().to_owned(),
            client_pem: self.client_pem.trim().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_draft_is_read_or_its_wrong_field_named() {
        let good = Draft {
            kind: "otlp".to_owned(),
            host: " siem.example.com ".to_owned(),
            port: "4318".to_owned(),
            ..Draft::default()
        };
        let target = good.target().unwrap();
        assert_eq!(
            (target.host.as_str(), target.path.as_str()),
            ("siem.example.com", "/v1/logs")
        );
        let wrong = |change: fn(&mut Draft)| {
            let mut draft = good.clone();
            change(&mut draft);
            draft.target().unwrap_err()
        };
        assert_eq!(wrong(|draft| draft.kind = "ftp".to_owned()), Field::Kind);
        assert_eq!(wrong(|draft| draft.host = "a\r\nb".to_owned()), Field::Host);
        assert_eq!(wrong(|draft| draft.port = "0".to_owned()), Field::Port);
        assert_eq!(wrong(|draft| draft.path = "/a b".to_owned()), Field::Path);
        assert_eq!(
            wrong(|draft| draft.path = "//x\r\nHost: y".to_owned()),
            Field::Path
        );
        assert_eq!(
            wrong(|draft| draft.ca_pem = "x".to_owned()),
            Field::Certificates
        );
        assert_eq!(
            wrong(|draft| draft.authorization = "a\nb".to_owned()),
            Field::Authorization
        );
    }
}
