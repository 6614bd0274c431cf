//! What a provider does before, or beside, a running service: by the command line, on the control plane's machine.

pub(crate) mod provider;

use crate::{
    activity::{self, Record, What},
    actor::Role,
    app::{App, Clock},
    authority::{AuthorityError, Identity},
    config::ServeConfig,
    db::{Scope, Tx},
    desktops::service as desktops,
    hosts,
    identity::{self, UserRow},
    keys::{self, Owner},
    notices::{self, Content},
    operators::{self, OperatorRole},
    portal::Lang,
    tenancy::{self, ContractError, TenantRow},
};
use wire::control::MachineKind;

/// Access to a control plane's state.
#[derive(Debug)]
pub struct Setup {
    app: App,
    opened_at_ms: i64,
}

/// Why a set-up step failed.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Keys, certificates or the database.
    #[error("cannot open the service's state")]
    State(#[from] AuthorityError),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
    /// An operator.
    #[error(transparent)]
    Operator(#[from] operators::AddError),
    /// Nobody has this address.
    #[error("nobody has the address {0}")]
    NoSuchPerson(String),
    /// A contract.
    #[error("cannot write a contract")]
    Contract(#[from] ContractError),
    /// No region has this code.
    #[error("no region has the code {0}; add it in the management console first")]
    NoSuchRegion(String),
    /// A domain of a customer.
    #[error("{0}")]
    Domain(String),
    /// No customer has this code.
    #[error("no customer has the code {0}")]
    NoSuchCustomer(String),
}

/// What a new operator is given.
#[allow(missing_debug_implementations)] // It holds a private key.
pub struct OperatorPapers {
    /// The certificate with its chain.
    pub certificate_pem: String,
    /// Its key, PKCS#8.
    pub key_pem: String,
    /// The one-time link for the first visit.
    pub link: String,
}

/// The demonstration's people.
#[derive(Clone, Debug)]
pub struct DemoAccounts {
    /// SHA-256 of the authority's certificate.
    pub authority_fingerprint: String,
    /// Everybody.
    pub accounts: Vec<DemoAccount>,
}

/// One of the demonstration's people.
#[derive(Clone, Debug)]
pub struct DemoAccount {
    /// Their address, with which they sign in.
    pub email: String,
    /// Their organisation's name.
    pub tenant: String,
    /// `administrator` or `user`.
    pub role: String,
    /// A one-time link to choose a password, unless they have one.
    pub link: Option<String>,
}

impl Setup {
    /// Opens the state; makes keys and tables that are missing.
    pub async fn open(config: &ServeConfig) -> Result<Self, SetupError> {
        let app = App::open(config.clone(), Clock::System).await?;
        let opened_at_ms = app.clock.now_ms();
        Ok(Self { app, opened_at_ms })
    }

    /// A one-time token with which a session host or gateway enrols within an hour.
    pub async fn enrol_token(
        &self,
        kind: MachineKind,
        region: Option<&str>,
    ) -> Result<String, SetupError> {
        if let Some(code) = region {
            let mut tx = self.app.db.read(Scope::Nobody).await?;
            let regions = tenancy::offers::regions(&mut tx).await?;
            if !regions.iter().any(|region| region.code == code) {
                return Err(SetupError::NoSuchRegion(code.to_owned()));
            }
        }
        let names = &self.app.config.extra_names;
        Ok(hosts::service::new_token(&self.app, kind, names, region).await?)
    }

    /// Whether a session host and a gateway have been linked since this was opened.
    pub async fn is_ready(&self) -> Result<bool, SetupError> {
        Ok(hosts::service::both_seen_since(&self.app, self.opened_at_ms).await?)
    }

    /// Adds an operator: their certificate and key for their browser, and the one-time link for their first visit.
    pub async fn add_operator(
        &self,
        login: &str,
        full_name: &str,
        role: OperatorRole,
    ) -> Result<OperatorPapers, SetupError> {
        let new = operators::add(&self.app, login, full_name, role).await?;
        let url = &self.app.config.management_url;
        Ok(OperatorPapers {
            certificate_pem: new.identity.chain_pem,
            key_pem: new.identity.key_pem,
            link: format!("{url}/console/first/{}", new.link),
        })
    }

    /// A new certificate for an operator; the one they have opens nothing any more. With `codes` also another secret of
    /// one-time codes and the link for the first of them.
    pub async fn renew_operator(
        &self,
        login: &str,
        codes: bool,
    ) -> Result<(Identity, Option<String>), SetupError> {
        let (identity, link) = operators::renew(&self.app, login, codes).await?;
        let url = &self.app.config.management_url;
        let link = link.map(|link| format!("{url}/console/first/{link}"));
        Ok((identity, link))
    }

    /// A new one-time link for a person; earlier unused ones stop working.
    pub async fn reissue_link(&self, email: &str) -> Result<String, SetupError> {
        let email = identity::service::normal(email);
        let mut tx = self.app.db.begin(Scope::Everybody).await?;
        let user = identity::service::user_by_email(&mut tx, &email)
            .await?
            .ok_or(SetupError::NoSuchPerson(email))?;
        let link = self.link(&mut tx, &user).await?;
        if user.state == "active" {
            let by = "Nagaya".to_owned();
            notices::post(&self.app, &mut tx, &user, Content::LinkMade { by }).await?;
        }
        tx.commit().await?;
        Ok(link)
    }

    /// New keys for what is sealed: of the customer of a code, or of everybody and the service. Returns how many. A service
    /// that runs seals anew what the old ones sealed, and destroys them.
    pub async fn rotate_keys(&self, code: Option<&str>) -> Result<usize, SetupError> {
        let Some(code) = code else {
            return Ok(keys::service::rotate_all(&self.app).await?);
        };
        let mut tx = self.app.db.begin(Scope::Everybody).await?;
        let tenant = tenancy::service::by_code(&mut tx, code).await?;
        drop(tx);
        let tenant = tenant.ok_or_else(|| SetupError::NoSuchCustomer(code.to_owned()))?;
        keys::service::rotate(&self.app, Owner::Tenant(tenant.id)).await?;
        Ok(1)
    }

    /// Notes that a domain is a customer's: the sign-in page leads addresses of it to the customer's own identity provider.
    pub async fn confirm_domain(&self, code: &str, domain: &str) -> Result<(), SetupError> {
        let mut tx = self.app.db.begin(Scope::Everybody).await?;
        let tenant = tenancy::service::by_code(&mut tx, code).await?;
        let tenant = tenant.ok_or_else(|| SetupError::NoSuchCustomer(code.to_owned()))?;
        let confirmed = identity::confirm_domain(&self.app, &mut tx, (tenant.id, ""), domain);
        match confirmed.await {
            Ok(true) => Ok(tx.commit().await?),
            Ok(false) => {
                let text = format!("{code} does not name the domain {domain}, or it is confirmed");
                Err(SetupError::Domain(text))
            }
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                let text = format!("{domain} is confirmed for another customer");
                Err(SetupError::Domain(text))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The demonstration's two customers with their people, desktops and applications. What exists already is kept.
    pub async fn demo(&self) -> Result<DemoAccounts, SetupError> {
        let mut accounts = Vec::new();
        let mut tx = self.app.db.begin(Scope::Everybody).await?;
        provider::introduce(&self.app, &mut tx).await?;
        for customer in &DEMO {
            let tenant = match tenancy::service::by_code(&mut tx, customer.code).await? {
                Some(row) => row,
                None => self.add_customer(&mut tx, customer).await?,
            };
            let lang = Lang::from_tag(customer.language).unwrap_or_default();
            provider::agree(&self.app, &mut tx, (tenant.id, customer.code), lang).await?;
            for (email, ..) in customer.people {
                let Some(user) = identity::service::user_by_email(&mut tx, email).await? else {
                    continue;
                };
                let link = match user.password_hash {
                    Some(_) => None,
                    None => Some(self.link(&mut tx, &user).await?),
                };
                accounts.push(DemoAccount {
                    email: user.email,
                    tenant: customer.shown.to_owned(),
                    role: user.role,
                    link,
                });
            }
        }
        tx.commit().await?;
        Ok(DemoAccounts {
            authority_fingerprint: self.app.authority.fingerprint(),
            accounts,
        })
    }

    /// A new one-time link, which is in the log of the person's organisation.
    async fn link(&self, tx: &mut Tx, user: &UserRow) -> sqlx::Result<String> {
        let record = Record {
            tenant: Some(user.tenant_id),
            user: None,
            who: "",
            address: "",
            what: What::LinkIssued,
            subject: Some(user.id.0),
            detail: &user.full_name,
        };
        activity::append_record(&self.app, tx, &record).await?;
        let (tenant, id) = (user.tenant_id, user.id);
        let token = identity::service::issue_link(&self.app, tx, tenant, id).await?;
        Ok(format!("{}/welcome/{token}", self.app.config.public_url))
    }

    async fn add_customer(&self, tx: &mut Tx, customer: &Customer) -> sqlx::Result<TenantRow> {
        let app = &self.app;
        let tenant = TenantRow {
            id: app.new_id(),
            code: customer.code.to_owned(),
            name_ja: customer.name_ja.to_owned(),
            name_en: customer.name_en.to_owned(),
            language: customer.language.to_owned(),
            time_zone: customer.time_zone.to_owned(),
        };
        tenancy::service::add(app, tx, &tenant).await?;
        for (email, full_name, role) in customer.people {
            let login = email.split('@').next().unwrap_or(email);
            let user = UserRow {
                id: app.new_id(),
                tenant_id: tenant.id,
                email: (*email).to_owned(),
                login: login.to_owned(),
                full_name: (*full_name).to_owned(),
                role: role.name().to_owned(),
                state: "invited".to_owned(),
                password_hash: None,
                last_sign_in_ms: None,
            };
            identity::service::add_user(tx, &user, app.clock.now_ms()).await?;
        }
        for standard in &desktops::STANDARD {
            let row = standard.row(app.new_id(), tenant.id, None);
            desktops::add(tx, &row).await?;
        }
        Ok(tenant)
    }
}

struct Customer {
    code: &'static str,
    name_ja: &'static str,
    name_en: &'static str,
    shown: &'static str,
    language: &'static str,
    time_zone: &'static str,
    people: &'static [(&'static str, &'static str, Role)],
}

const DEMO: [Customer; 2] = [
    Customer {
        code: "nagaya-shoji",
        name_ja: "株式会社長屋商事",
        name_en: "Nagaya Shoji Co., Ltd.",
        shown: "株式会社長屋商事",
        language: "ja",
        time_zone: "Asia/Tokyo",
        people: &[
            (
                "sato@nagaya-shoji.example",
                "佐藤 美咲",
                Role::Administrator,
            ),
            ("suzuki@nagaya-shoji.example", "鈴木 健一", Role::User),
            ("takahashi@nagaya-shoji.example", "高橋 由紀", Role::User),
        ],
    },
    Customer {
        code: "harbour",
        name_ja: "Harbour & Co.",
        name_en: "Harbour & Co.",
        shown: "Harbour & Co.",
        language: "en",
        time_zone: "Europe/London",
        people: &[
            ("grace@harbour.example", "Grace Miller", Role::Administrator),
            ("oliver@harbour.example", "Oliver Bennett", Role::User),
            ("amelia@harbour.example", "Amelia Clarke", Role::User),
        ],
    },
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Setup;
    use crate::{
        config::ServeConfig,
        db::{Scope, on},
        testing::urls,
    };

    #[tokio::test]
    async fn a_new_service_has_nobody_who_could_come_in() {
        for (dir, url) in urls().await {
            let config = ServeConfig {
                state_dir: dir.path().to_owned(),
                database_url: Some(url),
                ..ServeConfig::default()
            };
            let setup = Setup::open(&config).await.unwrap();
            let mut tx = setup.app.db.read(Scope::Everybody).await.unwrap();
            for table in [
                "users",
                "sign_in_links",
                "api_tokens",
                "operators",
                "operator_links",
                "machines",
                "enrol_tokens",
            ] {
                let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
                let rows: i64 =
                    on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await).unwrap();
                assert_eq!(rows, 0, "{table}");
            }
        }
    }
}
