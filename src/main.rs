//! The command: parse, call the library, print error and hint, exit code.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use sparkify::bug;
use sparkify::cli::Cli;
use sparkify::error::{Error, Kind, output_error};
use sparkify::interrupt::Interrupt;
use sparkify::output::{Prints, conclude, note, sanitized_lines};
use tracing_subscriber::EnvFilter;

/// What these trace holds credentials, whatever the user's filter asks for.
const NEVER_VERBOSE: [&str; 9] = [
    // Its warnings repeat what a credential process wrote; why there are no credentials is in the error.
    "aws_config=error",
    "aws_credential_types=info",
    "aws_runtime=info",
    "aws_sdk_cloudformation=info",
    "aws_sdk_sts=info",
    "aws_sdk_sso=info",
    "aws_sdk_ssooidc=info",
    "aws_sigv4=info",
    "aws_smithy_runtime=info",
];

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => return parsed_to(&answer),
    };
    let level = ["warn", "sparkify=info", "sparkify=debug"][usize::from(cli.verbose.min(2))];
    let filter = EnvFilter::try_from_env("SPARKIFY_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let filter = NEVER_VERBOSE.iter().filter_map(|rule| rule.parse().ok()).fold(filter, EnvFilter::add_directive);
    // A full stderr does not justify a panic, as reporting that it is full would.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    log.with_target(false).init();

    let command = Cli::command();
    let verbs: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let outcome = bug::contained(std::env::args_os(), &verbs, || {
        Interrupt::on_signals().and_then(|interrupt| sparkify::commands::run(&cli, &interrupt))
    });
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) if error.kind() == Kind::OutputClosed => ExitCode::from(error.exit_code()),
        Err(error) => tell(&error),
    }
}

/// Says on stderr what went wrong and what to do.
fn tell(error: &Error) -> ExitCode {
    note(&format!("error: {}\n", sanitized_lines(&error.report())));
    if !error.hint().is_empty() {
        note(&format!("  hint: {}\n", sanitized_lines(error.hint())));
    }
    ExitCode::from(error.exit_code())
}

/// Prints help, the version, or what is wrong with the command line.
fn parsed_to(answer: &clap::Error) -> ExitCode {
    let code = u8::try_from(answer.exit_code()).unwrap_or(2);
    let print = || match answer.print().and_then(|()| std::io::stdout().flush()) {
        Err(error) if !answer.use_stderr() => Err(output_error(error)),
        _ => Ok(()),
    };
    conclude(code, Prints::Product, print).map_or_else(|error| tell(&error), ExitCode::from)
}
