//! The ways in which the executable starts itself. None of them is for people, and none takes the outer process's
//! options, runtime or logging along.

use crate::{display, sandbox, session_init};
use std::{ffi::OsString, path::Path, process::ExitCode};

/// Carries out an internal command, if the arguments name one.
pub fn dispatch(args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut args = args.into_iter().skip(1);
    let command = args.next()?;
    let result = match command.to_str()? {
        "sandbox-launch" => {
            let plan = args.next()?;
            Err(sandbox::launch::run(Path::new(&plan)).to_string())
        }
        "session-init" => session_init::run().map_err(|error| error.to_string()),
        "display" => display::run().map_err(|error| error.to_string()),
        _ => return None,
    };
    Some(match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nagaya: {error}");
            ExitCode::FAILURE
        }
    })
}
