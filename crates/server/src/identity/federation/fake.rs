//! An OpenID provider of the tests' own, over TLS on this machine, that says whatever a test has it say.

#![allow(clippy::unwrap_used)]

use super::{
    service,
    settings::{Draft, Settings},
};
use crate::{
    app::{new_secret, random},
    db::{Scope, on},
    identity::store::{UserRow, user_by_email},
    testing::{Answer, Browser, Person, World, worlds},
};
use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use openidconnect::url::{Url, form_urlencoded};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, crypto::aws_lc_rs as provider};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use wire::ids::TenantId;

pub(super) const CLIENT: &str = "nagaya";
pub(super) const SECRET: &str = "a secret of the client";
/// The domain of the customer that the tests are about.
pub(super) const DOMAIN: &str = "shoji.example";
pub(super) const NEWCOMER: &str = "newcomer@shoji.example";

/// How identities are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Signed {
    #[default]
    Well,
    /// By a key that is not the provider's.
    ByAnother,
    /// `alg` is `none`.
    Not,
    /// With the secret that client and provider share.
    BySecret,
}

/// What it does, until a test says otherwise.
#[derive(Default)]
pub(super) struct Script {
    /// Over what it says of itself.
    pub(super) metadata: Map<String, Value>,
    /// Over the claims of an identity; a null takes a claim away.
    pub(super) claims: Map<String, Value>,
    pub(super) signed: Signed,
    /// What it says of people elsewhere.
    pub(super) user_info: Value,
    /// Answers of this status to everything, with a place to go on to.
    pub(super) redirect: bool,
    /// Bytes before each answer's body.
    pub(super) padding: usize,
    /// How often it was asked what it says of itself.
    pub(super) discoveries: usize,
    codes: HashMap<String, Granted>,
}

struct Granted {
    nonce: String,
    challenge: String,
    now_s: u64,
}

/// The provider.
#[derive(Clone)]
pub(super) struct Fake {
    pub(super) port: u16,
    pub(super) script: Arc<Mutex<Script>>,
}

/// An authority and a certificate of `localhost` with its key, PEM.
fn papers() -> (String, String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    (ca, leaf.pem(), key.serialize_pem())
}

impl Fake {
    /// Opens one, whom the control plane trusts and may reach.
    pub(super) async fn open(world: &mut World) -> Self {
        let (ca, chain, key) = papers();
        let file = world.place().0.join("authorities.pem");
        let known = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(&file, known + &ca).unwrap();
        let app = Arc::get_mut(&mut world.app).unwrap();
        app.config.private_identity_providers = true;
        app.config.identity_provider_authorities = Some(file);
        let config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Mutex::new(Script::default()));
        let key = Arc::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
        let fake = Self { port, script };
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let (fake, key) = (serving.clone(), Arc::clone(&key));
                tokio::spawn(async move {
                    let (head, body) = request(&mut stream).await;
                    let answer = fake.answer(&head, &body, &key);
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        fake
    }

    pub(super) fn issuer(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The form of an administrator who uses it for a domain.
    pub(super) fn draft(&self, domain: &str) -> Draft {
        let domains = [domain.to_owned()];
        Draft {
            client_secret: SECRET.to_owned(),
            ..Draft::of((&self.issuer(), CLIENT), &domains, &Settings::default())
        }
    }

    /// Changes what it does.
    pub(super) fn act(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// What it says of whoever signs in from now on.
    pub(super) fn says(&self, claims: Value) {
        let Value::Object(claims) = claims else {
            panic!("claims are an object");
        };
        self.act(|script| script.claims = claims);
    }

    /// Somebody signs in at it: where their browser goes on to, a path of ours.
    pub(super) fn visit(&self, world: &World, url: &str) -> String {
        let url = Url::parse(url).unwrap();
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["client_id"], CLIENT);
        assert_eq!(
            asked["redirect_uri"],
            "https://localhost:8443/federation/callback"
        );
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
        assert!(!url.as_str().contains("secret"));
        let code = new_secret();
        let granted = Granted {
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
            now_s: world.app.clock.now_s(),
        };
        self.act(|script| drop(script.codes.insert(code.clone(), granted)));
        let issuer: String = form_urlencoded::byte_serialize(self.issuer().as_bytes()).collect();
        format!(
            "/federation/callback?code={code}&state={}&iss={issuer}",
            asked["state"]
        )
    }

    fn answer(&self, head: &str, body: &str, key: &EcdsaKeyPair) -> String {
        let mut script = self.script.lock().unwrap();
        let path = head.split(' ').nth(1).unwrap();
        let (status, said) = match path {
            _ if script.redirect => ("302 Found", json!({})),
            "/.well-known/openid-configuration" => {
                script.discoveries += 1;
                let mut said = self.metadata();
                said.as_object_mut()
                    .unwrap()
                    .extend(script.metadata.clone());
                ("200 OK", said)
            }
            "/jwks" => ("200 OK", json!({ "keys": [jwk(key)] })),
            "/me" if head.to_lowercase().contains("authorization: bearer ") => {
                ("200 OK", script.user_info.clone())
            }
            "/token" => match self.token(&mut script, head, body, key) {
                Some(tokens) => ("200 OK", tokens),
                None => ("400 Bad Request", json!({ "error": "invalid_grant" })),
            },
            _ => ("404 Not Found", json!({})),
        };
        let body = format!("{}{said}", " ".repeat(script.padding));
        let to = if script.redirect {
            format!("location: {}/elsewhere\r\n", self.issuer())
        } else {
            String::new()
        };
        format!(
            "HTTP/1.1 {status}\r\n{to}content-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn metadata(&self) -> Value {
        let issuer = self.issuer();
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
            "userinfo_endpoint": format!("{issuer}/me"),
            "id_token_signing_alg_values_supported": ["ES256", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    /// A code is good once, for the client, with the verifier of its challenge.
    fn token(
        &self,
        script: &mut Script,
        head: &str,
        body: &str,
        key: &EcdsaKeyPair,
    ) -> Option<Value> {
        let sent: HashMap<String, String> = form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .collect();
        let granted = script.codes.remove(&sent["code"])?;
        let secret: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT}:{secret}"));
        let is_client = head.contains(&format!("Basic {basic}"));
        let challenge = B64.encode(Sha256::digest(sent["code_verifier"].as_bytes()));
        if !is_client || challenge != granted.challenge {
            return None;
        }
        let mut claims = json!({
            "iss": self.issuer(),
            "aud": CLIENT,
            "sub": "s-1",
            "nonce": granted.nonce,
            "iat": granted.now_s,
            "auth_time": granted.now_s,
            "exp": granted.now_s + 300,
            "email": "newcomer@shoji.example",
            "email_verified": true,
            "name": "新人 花子",
        });
        let all = claims.as_object_mut().unwrap();
        all.extend(script.claims.clone());
        all.retain(|_, value| !value.is_null());
        Some(json!({
            "access_token": "an access token",
            "token_type": "Bearer",
            "expires_in": 60,
            "id_token": signed(&claims, script.signed, key),
        }))
    }
}

fn jwk(key: &EcdsaKeyPair) -> Value {
    let point = key.public_key().as_ref();
    json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "k",
        "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..65]),
    })
}

fn signed(claims: &Value, how: Signed, key: &EcdsaKeyPair) -> String {
    let alg = match how {
        Signed::Well | Signed::ByAnother => "ES256",
        Signed::Not => "none",
        Signed::BySecret => "HS256",
    };
    let header = json!({ "alg": alg, "kid": "k" });
    let text = format!(
        "{}.{}",
        B64.encode(header.to_string()),
        B64.encode(claims.to_string())
    );
    let sign = |key: &EcdsaKeyPair| {
        let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        B64.encode(signature.as_ref())
    };
    let signature = match how {
        Signed::Well => sign(key),
        Signed::ByAnother => {
            sign(&EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
        }
        Signed::Not => String::new(),
        Signed::BySecret => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
            B64.encode(hmac::sign(&key, text.as_bytes()))
        }
    };
    format!("{text}.{signature}")
}

/// The head and the body of a request.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> (String, String) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return (head.to_owned(), body.to_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return ("GET /cut HTTP/1.1".to_owned(), String::new());
        }
    }
}

/// The first customer's administrator sets a provider up, and the operator confirms its domain.
pub(super) async fn set_up(world: &World, draft: &Draft) {
    let customer = &world.customers[0];
    service::save(&world.app, &customer.administrator.actor, draft)
        .await
        .unwrap();
    let mut tx = world.app.db.begin(customer.tenant).await.unwrap();
    for domain in draft.domains.lines() {
        service::confirm_domain(&world.app, &mut tx, (customer.tenant, ""), domain)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

/// Types an address and chooses the organisation's sign-in.
pub(super) async fn choose(browser: &mut Browser, email: &str, next: &str) -> Answer {
    let csrf = browser.get("/sign-in").await.csrf();
    let form = [("email", email), ("next", next), ("csrf", csrf.as_str())];
    browser.post("/federation/start", &form).await
}

/// Where the page that leads away goes to.
pub(super) fn led_to(answer: &Answer) -> String {
    let (_, rest) = answer
        .text
        .split_once("content=\"0; url=")
        .unwrap_or_else(|| panic!("leads nowhere: {}", answer.text));
    rest.split('"').next().unwrap().replace("&#38;", "&")
}

/// All of a sign-in with an address.
pub(super) async fn sign_in(
    world: &World,
    fake: &Fake,
    browser: &mut Browser,
    email: &str,
) -> Answer {
    let url = led_to(&choose(browser, email, "/desktops").await);
    let back = fake.visit(world, &url);
    browser.get(&back).await
}

/// A subject that nobody has had.
pub(super) fn subject() -> String {
    B64.encode(random::<9>())
}

/// The first customer has some provider from now on. Before anybody has a browser.
pub(crate) async fn some_provider(world: &mut World) {
    let fake = Fake::open(world).await;
    set_up(world, &fake.draft(DOMAIN)).await;
}

/// A customer whose provider lets anybody of its domain in.
pub(super) async fn open_worlds() -> Vec<(World, Fake)> {
    let mut all = Vec::new();
    for mut world in worlds().await {
        let fake = Fake::open(&mut world).await;
        set_up(&world, &welcoming(&fake)).await;
        all.push((world, fake));
    }
    all
}

pub(super) fn welcoming(fake: &Fake) -> Draft {
    Draft {
        joins_as: "user".to_owned(),
        ..fake.draft(DOMAIN)
    }
}

pub(super) async fn person(world: &World, email: &str) -> Option<UserRow> {
    let mut tx = world.app.db.read(Scope::Everybody).await.unwrap();
    user_by_email(&mut tx, email).await.unwrap()
}

/// Why the last refusal was one, as the customer's log says.
pub(super) async fn reason(world: &World, tenant: TenantId) -> String {
    const SQL: &str =
        "SELECT detail FROM activity WHERE tenant_id = $1 AND what = 'identity.federation_refused'
        ORDER BY id DESC LIMIT 1";
    let mut tx = world.app.db.read(tenant).await.unwrap();
    let found: Option<String> =
        on!(&mut tx, c => sqlx::query_scalar(SQL).bind(tenant).fetch_optional(c).await).unwrap();
    found.unwrap_or_default()
}

/// A browser in which somebody came in by the provider.
pub(super) async fn came_in(world: &World, fake: &Fake, person: &Person) -> Browser {
    fake.says(json!({ "sub": person.email, "email": person.email }));
    let mut browser = world.browser();
    let answer = sign_in(world, fake, &mut browser, &person.email).await;
    assert_eq!(answer.header("location"), "/desktops", "{}", answer.text);
    browser
}
