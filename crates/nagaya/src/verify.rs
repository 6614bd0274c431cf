//! `nagaya verify`: checks a proof bundle without the service, and says what is wrong with it.

use server::activity::verify::{Verified, verify};
use std::{error::Error, fs, path::PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The bundle, as the portal's activity page gives it.
    file: PathBuf,
    /// The log's verifier key, as you keep it.
    #[arg(long, value_name = "VKEY")]
    key: String,
    /// An earlier checkpoint that you kept: the log must have grown out of it.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

/// Prints what the bundle proves, or each fault, with an error at the end.
pub(crate) fn run(args: &VerifyArgs) -> Result<(), Box<dyn Error>> {
    let cannot = |path: &PathBuf, error| format!("cannot read {}: {error}", path.display());
    let earlier = match &args.checkpoint {
        Some(path) => Some(fs::read_to_string(path).map_err(|error| cannot(path, error))?),
        None => None,
    };
    let file = fs::File::open(&args.file).map_err(|error| cannot(&args.file, error))?;
    match verify(file, &args.key, earlier.as_deref()) {
        Ok(verified) => {
            print(&verified);
            Ok(())
        }
        Err(faults) => {
            for fault in &faults {
                println!("{fault}");
            }
            Err(format!("{} is not right", args.file.display()).into())
        }
    }
}

fn print(verified: &Verified) {
    let checkpoint = &verified.checkpoint;
    println!("log          {}", checkpoint.origin);
    println!(
        "checkpoint   {} records, the signature is right",
        checkpoint.size
    );
    println!(
        "records      {} to the end, none missing or moved",
        verified.first
    );
    println!(
        "content      {} with content, each as recorded",
        verified.contents
    );
    println!(
        "expired      {} without content, their time is over",
        verified.expired
    );
    if let Some(size) = verified.earlier {
        println!("earlier      the log grew out of your checkpoint of {size} records");
    }
    if let Some(size) = verified.logs {
        println!("log of logs  {size} checkpoints, this one among them");
    }
}
