//! Workloads: programs that change a screen in a known way, so that a measuring page can tell what reached the eye.
//!
//! Each shows a machine-readable [`marker`] and logs when it drew it. They run on any X display and need no window
//! manager: their windows are override-redirect, at the same place everywhere.

mod app;
mod display;
mod error;
mod events;
mod marker;
mod page;
mod stage;
mod workload;

use clap::Parser as _;
use display::Target;
use error::BenchError;
use stage::Stage;
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// Draws one workload on an X display and logs what it drew when.
#[derive(Debug, clap::Parser)]
struct Args {
    /// What to draw.
    #[arg(value_enum)]
    workload: Kind,
    /// The X server's UNIX socket.
    #[arg(long)]
    socket: PathBuf,
    /// The file with the display's MIT-MAGIC-COOKIE-1, if the server wants one.
    #[arg(long)]
    authority: Option<PathBuf>,
    /// Where the log goes: lines of `frame|key NUMBER MICROSECONDS`, time as microseconds since 1970.
    #[arg(long)]
    log: PathBuf,
    /// How long to run.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    /// Each key press draws the next letter of a text.
    Typing,
    /// A page of text scrolls, 30 frames per second.
    Scroll30,
    /// A page of text scrolls, 60 frames per second.
    Scroll60,
    /// A window with text is dragged over a wallpaper, 60 moves per second.
    Drag,
    /// A moving picture plays in a window, 1280 by 720, 30 frames per second.
    Video,
    /// A page of text stands still.
    Idle,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), BenchError> {
    let target = Target {
        socket: args.socket.clone(),
        authority: args.authority.clone(),
    };
    let conn = target.connect()?;
    let mut stage = Stage::new(&conn, &args.log)?;
    let length = Duration::from_secs(args.seconds);
    match args.workload {
        Kind::Typing => workload::typing::run(&mut stage, length),
        Kind::Scroll30 => workload::scroll::run(&mut stage, length, 30),
        Kind::Scroll60 => workload::scroll::run(&mut stage, length, 60),
        Kind::Drag => workload::drag::run(&mut stage, length),
        Kind::Video => workload::video::run(&mut stage, length),
        Kind::Idle => workload::idle::run(&mut stage, length),
    }
}
