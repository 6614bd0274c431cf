//! `nagaya migrate`: moves a service's data to another database, checks what arrived, and says what to do next.

use crate::cli::read_config;
use server::{ServeConfig, transfer};
use std::{error::Error, fs, path::PathBuf, time::Instant};

#[derive(Debug, clap::Args)]
pub(crate) struct MigrateArgs {
    /// The configuration file (TOML) of the service whose data is moved.
    #[arg(long)]
    config: PathBuf,
    /// The empty database to move to: `postgres://…` or `sqlite:PATH`. Without a password: that is never on a command line.
    #[arg(long, value_name = "URL", required_unless_present = "to_file")]
    to: Option<String>,
    /// A file, readable by its owner alone, that holds the URL with its password.
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    to_file: Option<PathBuf>,
    /// Copy and check everything while the service goes on, then throw the copy away: says whether it works and how long
    /// it takes.
    #[arg(long)]
    rehearse: bool,
}

impl MigrateArgs {
    pub(crate) async fn run(&self) -> Result<(), Box<dyn Error>> {
        let config: ServeConfig = read_config(&self.config)?;
        let to = self.target()?;
        let began = Instant::now();
        let mut say = |line: &str| println!("{line}");
        let moved = if self.rehearse {
            transfer::rehearse(&config, &to, &mut say).await?
        } else {
            transfer::run(&config, &to, &mut say).await?
        };
        let (rows, tables, took) = (moved.rows, moved.tables, began.elapsed());
        if self.rehearse {
            println!(
                "Rehearsed: {rows} rows of {tables} tables in {took:.1?}. Nothing was kept. To move, stop every `nagaya serve` \
                 and run this again without --rehearse."
            );
        } else {
            println!(
                "Moved: {rows} rows of {tables} tables in {took:.1?}.\n\
                 Next:\n\
                 1. Set `database_url` in {} to the new database. The state folder with its keys stays where it is.\n\
                 2. Start `nagaya serve` and sign in.\n\
                 3. Keep the old database until then: it was not changed. What is written into it from now on is not moved.",
                self.config.display()
            );
        }
        Ok(())
    }

    fn target(&self) -> Result<String, Box<dyn Error>> {
        if let Some(path) = &self.to_file {
            certificates::private(path)?;
            let text = fs::read_to_string(path);
            let text = text.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            return Ok(text.trim().to_owned());
        }
        let to = self.to.clone().unwrap_or_default();
        if has_password(&to) {
            return Err(
                "a password on a command line can be seen by others: put the URL into a file of mode 600 and name it with \
                 --to-file"
                    .into(),
            );
        }
        Ok(to)
    }
}

/// Whether a URL names a password, before its host or in its query.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
    let before_host = authority.split('/').next().unwrap_or_default();
    let before_host = before_host.rsplit_once('@').map(|(user, _)| user);
    before_host.is_some_and(|user| user.contains(':')) || query.contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_seen() {
        for with in [
            "postgres://nagaya:secret@db.example/nagaya",
            "postgres://nagaya@db.example/nagaya?password=secret",
        ] {
            assert!(has_password(with), "{with}");
        }
        for without in [
            "postgres://nagaya@db.example:5432/nagaya?sslmode=verify-full",
            "postgres://db.example:5432/nagaya",
            "sqlite:/var/lib/nagaya/other.sqlite3",
        ] {
            assert!(!has_password(without), "{without}");
        }
    }
}
