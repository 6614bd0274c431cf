//! The command line. Secrets are never arguments: they are read from files named in the configuration.

use crate::{
    child, client, controls, demo,
    logging::{self, LogFormat},
    migrate, verify,
};
use serde::de::DeserializeOwned;
use server::portal::Lang;
use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
};

type CliResult = Result<(), Box<dyn Error>>;

/// Nagaya: virtual desktops and published applications in the browser.
#[derive(Debug, clap::Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Cli {
    /// How log lines look.
    #[arg(long, global = true, value_enum, default_value = "text")]
    log_format: LogFormat,
    /// Stop when the parent process with this id ends.
    #[arg(long, global = true, hide = true)]
    die_with_parent: Option<i32>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run the control plane: portal, API, broker.
    Serve(ConfigFile),
    /// Run a gateway: the relay between browsers and session hosts.
    Gateway(ConfigFile),
    /// Run the agent of a session host (as root).
    Agent(ConfigFile),
    /// Run everything on this machine with a demo provider and two customers (as root).
    Demo(demo::DemoArgs),
    /// Write a one-time token to a file, with which a new session host or gateway enrols.
    EnrolToken(EnrolToken),
    /// Print a new one-time sign-in link for a person.
    SignInLink(SignInLink),
    /// Add an operator of the provider: writes their certificate, prints the link for their first visit.
    AddOperator(AddOperator),
    /// Note that an e-mail domain is a customer's, after making sure that it is: the sign-in page leads there.
    ConfirmDomain(ConfirmDomain),
    /// Renew an operator's certificate, for an owner whom nobody else could help; the one they have opens nothing any more.
    RenewOperator(RenewOperator),
    /// Make new keys for sealed fields; the service seals them anew and destroys the old keys.
    RotateKeys(RotateKeys),
    /// List what the service promises, clause by clause, with the checks that show it.
    Controls(controls::ControlsArgs),
    /// Move the service's data to another, empty database: SQLite to PostgreSQL, or back.
    Migrate(migrate::MigrateArgs),
    /// Check a proof bundle of an activity log, offline.
    Verify(verify::VerifyArgs),
}

#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// The configuration file (TOML).
    #[arg(long)]
    config: PathBuf,
}

#[derive(Debug, clap::Args)]
struct EnrolToken {
    /// The control plane's configuration file (TOML).
    #[arg(long)]
    config: PathBuf,
    /// What will enrol.
    #[arg(value_enum)]
    kind: Machine,
    /// The code of the region where it stands; without it, the region that the configuration names.
    #[arg(long)]
    region: Option<String>,
    /// Where the token is written, readable by the owner alone.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Machine {
    Host,
    Gateway,
}

#[derive(Debug, clap::Args)]
struct SignInLink {
    /// The control plane's configuration file (TOML).
    #[arg(long)]
    config: PathBuf,
    /// The person's mail address.
    email: String,
}

#[derive(Debug, clap::Args)]
struct ConfirmDomain {
    /// The control plane's configuration file (TOML).
    #[arg(long)]
    config: PathBuf,
    /// The customer's code.
    customer: String,
    /// The domain, as the customer's administrator named it.
    domain: String,
}

#[derive(Debug, clap::Args)]
struct RotateKeys {
    /// The control plane's configuration file (TOML).
    #[arg(long)]
    config: PathBuf,
    /// The code of the only customer to do it for.
    #[arg(long)]
    customer: Option<String>,
}

#[derive(Debug, clap::Args)]
struct AddOperator {
    /// The control plane's configuration file (TOML).
    #[arg(long)]
    config: PathBuf,
    /// A short name, which is also the name of the certificate's files.
    login: String,
    /// The person's name.
    #[arg(long)]
    name: String,
    /// What the operator is.
    #[arg(long, value_parser = ["support", "network", "security", "release", "owner", "auditor"])]
    role: String,
    /// The folder into which LOGIN.pem and LOGIN.key are written.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
struct RenewOperator {
    /// The control plane's configuration file (TOML).
    #[arg(long)]
    config: PathBuf,
    /// The operator's short name.
    login: String,
    /// Reset the one-time codes as well, and print the link for the first of the new ones.
    #[arg(long)]
    codes: bool,
    /// The folder into which LOGIN.pem and LOGIN.key are written.
    #[arg(long)]
    out: PathBuf,
}

impl Cli {
    pub(crate) fn run(self) -> CliResult {
        logging::start(self.log_format);
        if let Some(parent) = self.die_with_parent
            && !child::die_with_parent(parent)
        {
            return Err("the parent process is gone".into());
        }
        match self.command {
            Command::Demo(args) => demo::run(&args),
            Command::Verify(args) => verify::run(&args),
            Command::Controls(args) => controls::run(&args),
            command => block_on(command.run()),
        }
    }
}

impl Command {
    async fn run(self) -> CliResult {
        match self {
            Self::Serve(file) => {
                let config: server::ServeConfig = read_config(&file.config)?;
                server::serve(config, child::stop_signal()).await?;
            }
            Self::Gateway(file) => {
                let config: gateway::GatewayConfig = read_config(&file.config)?;
                gateway::run(config, child::stop_signal()).await?;
            }
            Self::Agent(file) => {
                let config: agent::AgentConfig = read_config(&file.config)?;
                agent::run(config, child::stop_signal()).await?;
            }
            Self::EnrolToken(args) => {
                let kind = match args.kind {
                    Machine::Host => wire::control::MachineKind::Host,
                    Machine::Gateway => wire::control::MachineKind::Gateway,
                };
                let setup = server::setup::Setup::open(&read_config(&args.config)?).await?;
                let token = setup.enrol_token(kind, args.region.as_deref()).await?;
                demo::layout::write_secret(&args.out, &token)?;
            }
            Self::SignInLink(args) => {
                let setup = server::setup::Setup::open(&read_config(&args.config)?).await?;
                println!("{}", setup.reissue_link(&args.email).await?);
            }
            Self::AddOperator(args) => {
                let setup = server::setup::Setup::open(&read_config(&args.config)?).await?;
                println!("{}", args.add(&setup).await?);
            }
            Self::ConfirmDomain(args) => {
                let setup = server::setup::Setup::open(&read_config(&args.config)?).await?;
                setup.confirm_domain(&args.customer, &args.domain).await?;
            }
            Self::RenewOperator(args) => {
                let setup = server::setup::Setup::open(&read_config(&args.config)?).await?;
                if let Some(link) = args.renew(&setup).await? {
                    println!("{link}");
                }
            }
            Self::RotateKeys(args) => {
                let setup = server::setup::Setup::open(&read_config(&args.config)?).await?;
                let count = setup.rotate_keys(args.customer.as_deref()).await?;
                println!("{count} new keys. A running service uses them within a minute.");
            }
            Self::Migrate(args) => args.run().await?,
            Self::Demo(_) | Self::Verify(_) | Self::Controls(_) => {}
        }
        Ok(())
    }
}

impl AddOperator {
    /// Returns the link for the first visit.
    async fn add(&self, setup: &server::setup::Setup) -> Result<String, Box<dyn Error>> {
        let role = server::operators::OperatorRole::from_name(&self.role)
            .ok_or("there is no such role of operators")?;
        let papers = setup.add_operator(&self.login, &self.name, role).await?;
        let file = self.out.join(&self.login);
        write_identity(&file, &papers.certificate_pem, &papers.key_pem)?;
        Ok(papers.link)
    }
}

/// Runs a command of the client, which says what went wrong in the reader's language and by a code.
pub(crate) fn run_client(
    name: &str,
    given: &clap::ArgMatches,
    whole: &mut clap::Command,
    lang: Lang,
) -> ExitCode {
    // Only the first provider that is installed counts, and there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(client::run(name, given, whole, lang)),
        Err(error) => Err(client::Failed {
            code: 1,
            text: error.to_string(),
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("nagaya: {}", failed.text);
            ExitCode::from(failed.code)
        }
    }
}

impl RenewOperator {
    /// Returns the link for the first of the new codes, if they were reset.
    async fn renew(&self, setup: &server::setup::Setup) -> Result<Option<String>, Box<dyn Error>> {
        let (identity, link) = setup.renew_operator(&self.login, self.codes).await?;
        let file = self.out.join(&self.login);
        write_identity(&file, &identity.chain_pem, &identity.key_pem)?;
        Ok(link)
    }
}

/// Writes `FILE.pem` and `FILE.key`, readable by the owner alone.
fn write_identity(file: &Path, certificate_pem: &str, key_pem: &str) -> std::io::Result<()> {
    // A login may have dots, which are no extension.
    let named = |end: &str| PathBuf::from(format!("{}.{end}", file.display()));
    demo::layout::write_secret(&named("pem"), certificate_pem)?;
    demo::layout::write_secret(&named("key"), key_pem)
}

fn block_on(work: impl Future<Output = CliResult>) -> CliResult {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

pub(crate) fn read_config<T: DeserializeOwned>(path: &Path) -> Result<T, Box<dyn Error>> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(toml::from_str(&text)
        .map_err(|error| format!("{} is not right: {error}", path.display()))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;
    use std::collections::BTreeSet;

    /// What acts on a service without asking its policies: whoever can read its configuration and keys owns it anyway.
    const OF_THE_PROVIDER: [&str; 10] = [
        "serve",
        "gateway",
        "agent",
        "enrol-token",
        "sign-in-link",
        "add-operator",
        "confirm-domain",
        "renew-operator",
        "rotate-keys",
        "migrate",
    ];
    /// What acts on nobody's service.
    const ALONE: [&str; 3] = ["demo", "controls", "verify"];

    /// Every other command is the client's, and each of those is a route of the API, where roles and foreign ids are walked.
    #[test]
    fn a_command_beside_the_api_needs_the_files_of_the_service() {
        let cli = Cli::command();
        let names: BTreeSet<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
        let told: BTreeSet<&str> = OF_THE_PROVIDER.into_iter().chain(ALONE).collect();
        assert_eq!(names, told, "each command says here what it rests on");
        for command in cli.get_subcommands() {
            let name = command.get_name();
            let config = command.get_arguments().find(|arg| arg.get_id() == "config");
            let needs = config.is_some_and(clap::Arg::is_required_set);
            assert_eq!(needs, OF_THE_PROVIDER.contains(&name), "{name}");
            // Nor does any of them act on a service from afar.
            let afar =
                |arg: &clap::Arg| ["url", "token", "password"].contains(&arg.get_id().as_str());
            assert!(!command.get_arguments().any(afar), "{name}");
        }
    }
}
