//! Runs the stand-in for Amazon Redshift until it is interrupted, for people without a cluster.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use clap::Parser;
use redshift_standin::{self as redshift, postgres, s3};

const EXAMPLES: &str = "\
Examples:
  Serve the folders in `lake/` as S3 buckets, and Redshift on port 5439:
    cargo run --release -p redshift-standin -- --buckets lake

  Then, with lake/music/log_data and lake/music/song_data in place, and the lines that it prints pasted into the shell:
    psql 'host=127.0.0.1 port=5439 user=awsuser dbname=dev'

  Read from an S3 of your own, refuse all roles but one, show only what Serverless shows:
    cargo run --release -p redshift-standin -- --s3-endpoint http://127.0.0.1:9000 \\
        --role arn:aws:iam::123456789012:role/loader --serverless

It needs PostgreSQL 15 or newer on this machine (Debian: apt install postgresql); it starts a server of its own in a
temporary folder and removes it at the end. Nothing is kept. docs/redshift-standin.md says what is the same as on the
service and what is not.";

/// A stand-in for Amazon Redshift, on this machine alone: its wire protocol, its SQL, its COPY, its refusals.
#[derive(Parser)]
#[command(name = "redshift-standin", after_help = EXAMPLES, max_term_width = 110)]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 5439)]
    port: u16,
    /// A folder whose folders are served as S3 buckets
    #[arg(long, value_name = "FOLDER", conflicts_with = "s3_endpoint")]
    buckets: Option<PathBuf>,
    /// The S3 endpoint that COPY reads from instead
    #[arg(long, value_name = "URL")]
    s3_endpoint: Option<String>,
    /// The key for that endpoint
    #[arg(long, env = "AWS_ACCESS_KEY_ID", default_value = "")]
    access_key: String,
    /// The secret that belongs to it
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", default_value = "", hide_env_values = true)]
    secret_key: String,
    /// The user, who may do everything
    #[arg(long, default_value = "awsuser")]
    user: String,
    /// The user's password
    #[arg(long, env = "REDSHIFT_STANDIN_PASSWORD", default_value = "Standin1", hide_env_values = true)]
    password: String,
    /// The database
    #[arg(long, default_value = "dev")]
    database: String,
    /// A role that is attached to the cluster; can be given again
    #[arg(long, value_name = "ARN", default_value = redshift::ROLE)]
    role: Vec<String>,
    /// The cluster's region
    #[arg(long, default_value = "us-west-2")]
    region: String,
    /// The buckets' region; COPY needs REGION when it is another than the cluster's
    #[arg(long, value_name = "REGION")]
    bucket_region: Option<String>,
    /// Hide the system tables that Serverless does not have
    #[arg(long)]
    serverless: bool,
    /// Use the isolation level SERIALIZABLE instead of SNAPSHOT
    #[arg(long)]
    serializable: bool,
    /// Ask for passwords by Redshift's method 13, which clients of PostgreSQL do not know
    #[arg(long)]
    sha256: bool,
    /// Encrypt connections that ask for it, and write the certificate to trust into this file
    #[arg(long, value_name = "FILE")]
    tls: Option<PathBuf>,
    /// Print every statement on stderr as it comes
    #[arg(long)]
    statements: bool,
}

fn main() {
    let arguments = Arguments::parse();
    if let Err(fault) = run(arguments) {
        eprintln!("error: {fault}");
        std::process::exit(1);
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    let (stop, stopped) = mpsc::channel();
    let heard = move || {
        let _ = stop.send(());
    };
    ctrlc::set_handler(heard).map_err(|error| error.to_string())?;
    std::net::TcpListener::bind(("127.0.0.1", arguments.port))
        .map_err(|error| format!("port {} cannot be used, choose another with --port: {error}", arguments.port))?;
    let mut access = redshift::Access {
        endpoint: arguments.s3_endpoint.unwrap_or_default(),
        key: arguments.access_key,
        secret: arguments.secret_key,
    };
    let buckets = match &arguments.buckets {
        Some(folder) if !folder.is_dir() => return Err(format!("there is no folder {}", folder.display())),
        Some(folder) => Some(s3::S3Server::start(folder)),
        None if access.endpoint.is_empty() => return Err("COPY needs objects: give --buckets or --s3-endpoint".to_owned()),
        None => None,
    };
    if let Some(buckets) = &buckets {
        access.endpoint.clone_from(&buckets.url);
        buckets.access_key.clone_into(&mut access.key);
        buckets.secret_key.clone_into(&mut access.secret);
    }
    let server = postgres::Postgres::start()?;
    let options = redshift::Options {
        port: arguments.port,
        users: vec![redshift::User { name: arguments.user, password: arguments.password.clone(), superuser: true }],
        database: arguments.database,
        roles: arguments.role,
        bucket_region: arguments.bucket_region.unwrap_or_else(|| arguments.region.clone()),
        region: arguments.region,
        s3: access,
        mode: if arguments.serverless { redshift::Mode::Serverless } else { redshift::Mode::Provisioned },
        isolation: if arguments.serializable { redshift::Isolation::Serializable } else { redshift::Isolation::Snapshot },
        authentication: if arguments.sha256 { redshift::Authentication::Digest } else { redshift::Authentication::Md5 },
        tls: if arguments.tls.is_some() { redshift::Tls::On } else { redshift::Tls::Off },
        ..redshift::Options::default()
    };
    let standin = redshift::Standin::start(&server, options);
    if let (Some(file), Some(certificate)) = (&arguments.tls, standin.certificate()) {
        std::fs::write(file, certificate).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    }
    println!("# Redshift: {}", standin.url());
    println!("export PGPASSWORD='{}'", arguments.password);
    for (name, mut value) in buckets.iter().flat_map(s3::S3Server::env) {
        if name == "AWS_REGION" {
            value.clone_from(&standin.options().bucket_region);
        }
        println!("export {name}='{value}'");
    }
    eprintln!("Ctrl-C ends it.");
    let mut shown = 0;
    loop {
        match stopped.recv_timeout(Duration::from_millis(100)) {
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            _ => return Ok(()),
        }
        let statements = standin.statements();
        for statement in statements.iter().skip(shown).filter(|_| arguments.statements) {
            eprintln!("[{}] {};", statement.connection, statement.text);
        }
        shown = statements.len();
    }
}
