//! `nagaya demo`: the whole service on this machine, with a provider and two customers, for anyone to try.
//!
//! The parts run as child processes exactly as they would on three machines. Desktops outlive a crash of any part;
//! stopping the demo ends them too, and a demo that was killed is picked up, desktops and all, by the next start.

pub(crate) mod layout;
mod parts;
mod report;

use crate::child;
use layout::Layout;
use nix::fcntl::{Flock, FlockArg};
use parts::Part;
use server::operators::OperatorRole;
use std::{
    error::Error,
    fs, io,
    net::TcpStream,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

type DemoResult<T> = Result<T, Box<dyn Error>>;

/// How long the parts may take to be ready.
const READY_LIMIT: Duration = Duration::from_mins(1);
/// How often the parts are looked after.
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

/// What `nagaya demo` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Where accounts, keys, homes and logs are kept.
    #[arg(long, default_value = "/var/lib/nagaya-demo")]
    state_dir: PathBuf,
    /// Where run-time state is kept; needs a short path.
    #[arg(long, default_value = "/run/nagaya-demo")]
    run_dir: PathBuf,
    /// The portal listens here on the loopback address; gateway, infrastructure and management console on the
    /// next three ports.
    #[arg(long, default_value_t = 8443)]
    port_base: u16,
    /// Write what was printed, and the process ids, to this file as JSON (readable by the owner alone).
    #[arg(long)]
    report: Option<PathBuf>,
    /// A file with the settings of a mail server, as in the section "mail" of serve's configuration. Without it no mail is sent.
    #[arg(long)]
    mail_config: Option<PathBuf>,
}

/// Runs the demo until Ctrl-C.
pub(crate) fn run(args: &DemoArgs) -> DemoResult<()> {
    if !nix::unistd::Uid::effective().is_root() {
        return Err("the session host needs root to make sandboxes; run: sudo make demo".into());
    }
    let layout = Layout {
        state_dir: args.state_dir.clone(),
        run_dir: args.run_dir.clone(),
        port_base: args.port_base,
        mail: args.mail_config.as_deref().map(mail_config).transpose()?,
    };
    layout.create()?;
    let _lock = lock(&layout)?;
    // One thread: the kernel ties the children's parent-death signal to the thread that made them.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (accounts, operators) = runtime.block_on(prepare(&layout))?;
    say("Starting the control plane, the gateway and the session host");
    let mut parts = Vec::new();
    for name in ["serve", "gateway", "agent"] {
        parts.push(Part::start(name, &layout)?);
        if name == "serve" {
            wait_until_listening(&layout, &mut parts)?;
        }
    }
    runtime.block_on(wait_until_ready(&layout, &mut parts))?;
    let mut report = report::Report::new(&layout, &accounts, operators);
    report.print();
    report.save(args.report.as_deref(), &parts)?;
    runtime.block_on(supervise(&layout, &mut parts, &mut report, args))?;
    say("Stopping: desktops first, then the parts");
    stop(&layout, &mut parts)?;
    say("Stopped. Accounts and homes are kept for the next start.");
    Ok(())
}

fn mail_config(file: &Path) -> DemoResult<server::notices::MailConfig> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(toml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?)
}

/// Only one demo may use a state folder.
fn lock(layout: &Layout) -> DemoResult<Flock<fs::File>> {
    let file = fs::File::create(layout.state_dir.join("lock"))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| {
        format!(
            "another demo is using {}; stop it, or give --state-dir, --run-dir and --port-base",
            layout.state_dir.display()
        )
        .into()
    })
}

async fn prepare(layout: &Layout) -> DemoResult<(server::setup::DemoAccounts, Vec<DemoOperator>)> {
    say("Preparing accounts and certificates");
    let config = configs::serve(layout);
    layout::write_config(&layout.config_file("serve"), &config)?;
    layout::write_config(&layout.config_file("gateway"), &configs::gateway(layout))?;
    layout::write_config(&layout.config_file("agent"), &configs::agent(layout))?;
    let setup = server::setup::Setup::open(&config).await?;
    for (part, kind) in [
        ("gateway", wire::control::MachineKind::Gateway),
        ("agent", wire::control::MachineKind::Host),
    ] {
        // A part that has enrolled does not look at its token.
        layout::write_secret(
            &layout.token_file(part),
            &setup.enrol_token(kind, None).await?,
        )?;
    }
    let mut operators = Vec::new();
    for (login, name, role) in OPERATORS {
        operators.push(operator(layout, &setup, (login, name, role)).await?);
    }
    Ok((setup.demo().await?, operators))
}

/// Two, since nobody approves what they ask for themselves.
const OPERATORS: [(&str, &str, OperatorRole); 2] = [
    ("operator", "中村 誠", OperatorRole::Owner),
    ("approver", "小川 直美", OperatorRole::Security),
];

/// One of the demo's operators.
#[derive(Clone, Debug)]
pub(crate) struct DemoOperator {
    pub(crate) login: &'static str,
    pub(crate) name: &'static str,
    pub(crate) role: OperatorRole,
    /// Their certificate and, beside it, its key.
    pub(crate) file: PathBuf,
    /// The link for their first visit, at the start that made them: whoever has entered once has an authenticator.
    pub(crate) link: Option<String>,
}

/// Makes an operator, unless an earlier start did.
async fn operator(
    layout: &Layout,
    setup: &server::setup::Setup,
    (login, name, role): (&'static str, &'static str, OperatorRole),
) -> DemoResult<DemoOperator> {
    let mut made = DemoOperator {
        login,
        name,
        role,
        file: layout.operator_file(login),
        link: None,
    };
    if made.file.exists() {
        return Ok(made);
    }
    let papers = match setup.add_operator(login, name, role).await {
        Ok(papers) => papers,
        // An earlier start was stopped before it wrote the certificate down.
        Err(server::setup::SetupError::Operator(server::operators::AddError::Taken(_))) => {
            return Ok(made);
        }
        Err(error) => return Err(error.into()),
    };
    layout::write_secret(&made.file.with_extension("key"), &papers.key_pem)?;
    layout::write_secret(&made.file, &papers.certificate_pem)?;
    made.link = Some(papers.link);
    Ok(made)
}

fn wait_until_listening(layout: &Layout, parts: &mut [Part]) -> DemoResult<()> {
    let limit = Instant::now() + READY_LIMIT;
    while TcpStream::connect(layout.infrastructure()).is_err() {
        check_alive(layout, parts, limit)?;
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Ready means that a user can click: the session host and the gateway hold their links to the control plane.
async fn wait_until_ready(layout: &Layout, parts: &mut [Part]) -> DemoResult<()> {
    let limit = Instant::now() + READY_LIMIT;
    let setup = server::setup::Setup::open(&configs::serve(layout)).await?;
    while !setup.is_ready().await? {
        check_alive(layout, parts, limit)?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn check_alive(layout: &Layout, parts: &mut [Part], limit: Instant) -> DemoResult<()> {
    for part in parts.iter_mut() {
        if let Some(news) = part.watch(layout)? {
            return Err(news.into());
        }
    }
    if Instant::now() > limit {
        return Err(format!(
            "the parts are not ready after {} s; their logs are in {}",
            READY_LIMIT.as_secs(),
            layout.state_dir.join("logs").display()
        )
        .into());
    }
    Ok(())
}

async fn supervise(
    layout: &Layout,
    parts: &mut [Part],
    report: &mut report::Report,
    args: &DemoArgs,
) -> io::Result<()> {
    let mut stop = std::pin::pin!(child::stop_signal());
    let mut tick = tokio::time::interval(WATCH_INTERVAL);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            _ = tick.tick() => (),
        }
        for at in 0..parts.len() {
            if let Some(news) = parts[at].watch(layout)? {
                say(&news);
                report.save(args.report.as_deref(), parts)?;
            }
        }
    }
}

fn stop(layout: &Layout, parts: &mut [Part]) -> io::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    // The agent first, so that nobody starts a desktop while desktops are being ended.
    for part in parts.iter_mut().rev() {
        if part.name == "agent" {
            part.stop();
            if let Err(error) = runtime.block_on(agent::end_all_sessions(configs::agent(layout))) {
                say(&format!("Some desktops could not be ended: {error}"));
            }
        }
    }
    for part in parts.iter_mut().rev() {
        part.stop();
    }
    let _ = fs::remove_dir_all(&layout.run_dir);
    Ok(())
}

/// Progress for the person who started the demo.
fn say(text: &str) {
    println!("  {text}");
}

mod configs {
    //! The three parts' configurations, as a provider would write them by hand.
    use super::layout::Layout;

    /// User ids of desktops begin here; each demo has as many. The last port's still fit into 31 bits, as they must.
    const FIRST_UID: u32 = 200_000_000;
    const UIDS: u32 = 25_000;

    pub(super) fn serve(layout: &Layout) -> server::ServeConfig {
        server::ServeConfig {
            customer_listen: layout.portal(),
            infra_listen: layout.infrastructure(),
            management_listen: layout.console(),
            management_url: layout.console_url(),
            public_url: layout.portal_url(),
            state_dir: layout.serve_dir(),
            // An identity provider may be tried on this machine, too.
            private_identity_providers: true,
            private_log_destinations: true,
            identity_provider_authorities: layout.identity_authorities(),
            mail: layout.mail.clone(),
            ..server::ServeConfig::default()
        }
    }

    pub(super) fn gateway(layout: &Layout) -> gateway::GatewayConfig {
        gateway::GatewayConfig {
            listen: layout.gateway(),
            relay_url: layout.relay_url(),
            control_url: layout.control_url(),
            authority_file: layout.serve_dir().join("authority.pem"),
            enrol_token_file: Some(layout.token_file("gateway")),
            state_dir: layout.gateway_dir(),
            ..gateway::GatewayConfig::default()
        }
    }

    pub(super) fn agent(layout: &Layout) -> agent::AgentConfig {
        agent::AgentConfig {
            control_url: layout.control_url(),
            authority_file: layout.serve_dir().join("authority.pem"),
            enrol_token_file: Some(layout.token_file("agent")),
            state_dir: layout.agent_dir(),
            run_dir: layout.run_dir.clone(),
            hidden_paths: vec![layout.state_dir.clone()],
            // Two demos on one machine must not take each other's desktops for their own.
            cgroup: format!("nagaya-demo-{}", layout.port_base),
            first_uid: FIRST_UID + u32::from(layout.port_base) * UIDS,
            ..agent::AgentConfig::default()
        }
    }
}
