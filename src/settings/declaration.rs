//! The settings, a row each.
//!
//! A row begins with what `config/reference.toml` says of the setting: what it does, and why one would change it. Then its
//! name in the file, the field that it fills, and how its text is read: `value` for what there always is, `optional` for what
//! may be missing. Then what it is for, in one line; its default, or an example where the default is not a text of its own; and
//! the flag, if a command has one. Its variable follows from its name.

use std::str::FromStr;
use std::time::Duration;

use super::Values;
use super::reader::Reader;
use super::setting::Fallback::{Elsewhere, Fixed, Machine};
use super::setting::Group::{Cluster, Lenience, Resources, S3, Simulate, Sources, Warehouse};
use super::setting::Takes::{Nothing, Number, OptionalNumber, OptionalTruth, Text};
use super::setting::{Setting, flag, settings};
use super::values;
use crate::check::Limits;
use crate::cluster::{ClusterOptions, Prices, Shape, Ttl, parse_database_name, parse_node_type, parse_stack, parse_subnets};
use crate::error::Result;
use crate::limit::RejectLimit;
use crate::source::{Location, S3Options, parse_region};
use crate::warehouse::redshift::{Design, LoadMode, parse_role, parse_staging};
use crate::warehouse::{RedshiftOptions, WarehouseUrl};

settings! {
    general {
        /// Folder or s3:// prefix of the user-activity logs. No default: without it and without `songs` there is nothing to load.
        "logs" logs: Option<Location> = optional(Location::parse) => {
            about: "folder or s3:// prefix of the user-activity logs",
            example: "data/log_data",
            is_path: true,
            flag: flag(&[Sources], "logs", Text("URL"), "Folder or s3:// prefix of the user-activity logs"),
        }

        /// Folder or s3:// prefix of the song metadata. No default. Without it plays are loaded all the same; a later load with
        /// the songs links them.
        "songs" songs: Option<Location> = optional(Location::parse) => {
            about: "folder or s3:// prefix of the song metadata",
            example: "data/song_data",
            is_path: true,
            flag: flag(&[Sources], "songs", Text("URL"), "Folder or s3:// prefix of the song metadata"),
        }

        /// The warehouse: a DuckDB file, created if it does not exist, postgres://user@host/database (docs/postgres.md),
        /// redshift://user@host:5439/database (docs/redshift.md), or `redshift:` for the cluster of the stack in [cluster]
        /// (docs/cluster.md). A password never stands here.
        "warehouse" warehouse: WarehouseUrl = value(WarehouseUrl::parse) => {
            about: "the warehouse: a DuckDB file, a postgres:// or redshift:// URL, or redshift: for the stack's cluster",
            default: Fixed("sparkify.duckdb"),
            is_path: true,
            flag: flag(&[Warehouse], "warehouse", Text("URL"),
                "The warehouse: a path, duckdb:PATH, postgres://USER@HOST/DATABASE, redshift://USER@HOST:5439/DATABASE, or redshift: \
                 for the cluster that `sparkify cluster` created"),
        }

        /// How many rejected lines a run may have before it fails and changes nothing. A number, a share of the run's lines, or the
        /// larger of both. One percent lets a few broken lines pass and stops at a broken feed; they are kept, see `sparkify rejects`.
        /// Ten keep a single broken line from stopping a day of few lines. 0 allows none. Conflicts and duplicates do not count.
        "max_rejects" max_rejects: RejectLimit = value(RejectLimit::from_str) => {
            about: "how many rejected lines a run may have: a number, a share, or the larger of both",
            default: Fixed("1% or 10"),
            flag: flag(&[Lenience], "max-rejects", Text("N|P%|'P% or N'"),
                "Fail if more lines are rejected: a number, a percentage of the run's lines, or the larger of both; conflicts do \
                 not count"),
        }

        /// Memory that a run may use. The default is half of the machine's, at most 2GiB, so that a load leaves room for other
        /// processes; larger inputs go in several batches. At least 256MiB.
        "memory" memory: u64 = value(values::bytes) => {
            about: "memory that a run may use, such as 2GiB",
            default: Machine("half the machine's, at most 2GiB", values::default_memory),
            example: "2GiB",
            flag: flag(&[Resources], "memory", Text("SIZE"), "Memory to use, for example 2GiB"),
        }

        /// Threads that work at once. The default is the machine's cores. Fewer leave cores to others, and need less memory.
        "threads" threads: usize = value(values::threads) => {
            about: "threads that work at once",
            default: Machine("the machine's cores", values::default_threads),
            example: "2",
            flag: flag(&[Resources, Simulate], "threads", Number("N"), "Threads to use"),
        }

        /// Seconds to wait for a warehouse that another process holds. By default a command does not wait and says who holds
        /// it; a scheduled load should wait.
        "wait" wait: Duration = value(values::seconds) => {
            about: "seconds to wait for a warehouse that another process holds",
            default: Fixed("0"),
            flag: flag(&[Warehouse], "wait", OptionalNumber("SECONDS", "315360000"),
                "Wait for the warehouse lock: indefinitely, or for SECONDS"),
        }

        /// If a file cannot be read, load the others and leave it for next time. By default such a run fails, because half of a
        /// day's data is easily mistaken for all of it.
        "skip_bad_files" skip_bad_files: bool = value(values::truth) => {
            about: "load the other files when one cannot be read",
            default: Fixed("false"),
            flag: flag(&[Lenience], "skip-bad-files", Nothing,
                "If a file cannot be read, load the others and leave it for next time"),
        }

        /// Follow links below a source's folder that lead out of it. By default they are left out, and the load says so:
        /// otherwise a user with write access to the folder could have it read files from elsewhere. Links that stay inside,
        /// and a source that is a link itself, are always followed.
        "follow_links" follow_links: bool = value(values::truth) => {
            about: "follow links that lead out of a source's folder",
            default: Fixed("false"),
            flag: flag(&[Lenience], "follow-links", Nothing, "Follow links that lead out of a source's folder"),
        }
    }

    /// Thresholds of the checks.
    checks: Limits {
        /// Run the blocking checks before a load commits, so that a warehouse that contradicts itself is never published. False
        /// loads without checks; `sparkify check` runs them afterwards.
        "checks.in_load" in_load = value(values::truth) => {
            about: "run the blocking checks before a load commits",
            default: Fixed("true"),
        }

        /// Rows of a load that expensive checks read: of a larger load they read its last files, and a few checks are left out.
        /// A higher number finds more and takes longer, about a second for 2 million rows. `sparkify check` always reads all.
        "checks.exact_rows" exact_rows = value(values::count) => {
            about: "rows of a load that expensive checks read",
            default: Fixed("20000"),
        }

        /// Share of all plays that must have a song of the catalogue. Raise it if the catalogue is meant to be complete, so
        /// that a missing part of it is noticed.
        "checks.min_match_rate" min_match_rate = value(values::share) => {
            about: "share of plays that must have a song",
            default: Fixed("0.01%"),
        }

        /// How old the latest event may be, in days. 0 for any age, as old data is not a fault; with nightly loads, 2 notices
        /// that nothing new arrives.
        "checks.max_age_days" max_age_days = value(values::amount) => {
            about: "how old the latest event may be, in days; 0 for any age",
            default: Fixed("0"),
        }

        /// Share of the events usual on its weekday that a day must have.
        "checks.min_volume" min_volume = value(values::share) => {
            about: "share of the usual events that a day must have",
            default: Fixed("33%"),
        }

        /// How much more often a field may be missing on a day than in the four weeks before, in percentage points of the
        /// plays.
        "checks.max_null_rise" max_null_rise = value(values::share) => {
            about: "how much more of a field may be missing than before",
            default: Fixed("10%"),
        }

        /// Share of the events of a file named after a day that may be of another day. Raise it if files are cut at another
        /// time zone's midnight.
        "checks.max_outside_day" max_outside_day = value(values::share) => {
            about: "share of a file's events that may be of another day",
            default: Fixed("1%"),
        }

        /// The longest play and song, in seconds. The default is two hours.
        "checks.max_length" max_length = value(values::amount) => {
            about: "longest play, in seconds",
            default: Fixed("7200"),
        }
    }

    /// The Redshift cluster.
    cluster: ClusterOptions {
        /// Name of the CloudFormation stack, and of the Redshift cluster in it: lower-case letters, digits and hyphens. Another
        /// name is another cluster beside the first.
        "cluster.stack" stack = value(parse_stack) => {
            about: "name of the CloudFormation stack and of the Redshift cluster in it",
            default: Fixed("sparkify"),
            flag: flag(&[Cluster], "stack", Text("NAME"), "The stack's name [default: sparkify]"),
        }

        /// Region of the cluster; best that of the buckets. By default AWS_REGION's, or the profile's.
        "cluster.region" region = optional(parse_region) => {
            about: "region of the cluster",
            default: Elsewhere("AWS_REGION, or the profile's"),
            example: "us-west-2",
            flag: flag(&[Cluster], "region", Text("REGION"), "The region [default: AWS_REGION, or the profile's]"),
        }

        /// The profile of ~/.aws that creates it. By default AWS_PROFILE's.
        "cluster.profile" profile = optional(values::text) => {
            about: "AWS profile that creates it",
            default: Elsewhere("AWS_PROFILE"),
            example: "analytics",
            flag: flag(&[Cluster], "profile", Text("NAME"), "The AWS profile to use"),
        }

        /// provisioned: nodes that run, and cost, until they are paused. serverless: billed by the second of computing.
        "cluster.kind" shape = value(Shape::from_str) => {
            about: "provisioned or serverless",
            default: Fixed("provisioned"),
        }

        /// The type of the nodes, of the families ra3 and rg. The default is the smallest; more memory speeds up large joins.
        "cluster.node_type" node_type = value(parse_node_type) => {
            about: "type of its nodes",
            default: Fixed("ra3.large"),
        }

        /// How many nodes. Types from 4xlarge on come two or more at a time.
        "cluster.nodes" nodes = value(values::whole::<1, 100>) => {
            about: "how many nodes",
            default: Fixed("1"),
        }

        /// Redshift processing units that a serverless workgroup begins with.
        "cluster.base_rpu" base_rpu = value(values::whole::<4, 1024>) => {
            about: "processing units that a serverless workgroup begins with",
            default: Fixed("4"),
        }

        /// Processing units that it may grow to.
        "cluster.max_rpu" max_rpu = value(values::whole::<4, 1024>) => {
            about: "processing units that it may grow to",
            default: Fixed("8"),
        }

        /// Processing units times hours after which it is switched off for the rest of the day, which limits what a query can
        /// cost.
        "cluster.rpu_hours_a_day" rpu_hours_a_day = value(values::whole::<1, 1_000_000>) => {
            about: "unit hours after which it is off for the day",
            default: Fixed("16"),
        }

        /// Name of the database. It cannot change later.
        "cluster.database" database = value(parse_database_name) => {
            about: "name of the database",
            default: Fixed("sparkify"),
        }

        /// Name of the database's administrator, whose password AWS generates and keeps. It cannot change later.
        "cluster.admin" admin = value(parse_database_name) => {
            about: "name of its administrator",
            default: Fixed("sparkify_admin"),
        }

        /// Database user that loads log in as, by passwords that IAM gives for a quarter of an hour. By default the
        /// administrator; a user with the role `loader` and nothing else is better.
        "cluster.user" user = optional(parse_database_name) => {
            about: "database user that loads log in as",
            default: Elsewhere("the administrator"),
            example: "nightly",
        }

        /// Its owner, as a tag on everything. By default the name of the caller.
        "cluster.owner" owner = optional(values::text) => {
            about: "its owner, as a tag",
            default: Elsewhere("the caller"),
            example: "data-team",
        }

        /// Its VPC. By default the region's default one.
        "cluster.vpc" vpc = optional(values::text) => {
            about: "its VPC",
            default: Elsewhere("the default one"),
            example: "vpc-1a2b3c4d",
        }

        /// Its subnets, separated by commas. By default all of the VPC.
        "cluster.subnets" subnets = list(parse_subnets) => {
            about: "its subnets, separated by commas",
            default: Elsewhere("all of the VPC"),
            example: "subnet-1a2b3c4d,subnet-5e6f7a8b",
        }

        /// Route COPY through the VPC, where it can be monitored. The VPC then needs a gateway endpoint for S3.
        "cluster.enhanced_vpc_routing" enhanced_vpc_routing = value(values::truth) => {
            about: "route COPY through the VPC",
            default: Fixed("false"),
        }

        /// Log connections, users and their statements to CloudWatch, which costs by the GB and keeps them when the cluster is
        /// gone.
        "cluster.audit_log" audit_log = value(values::truth) => {
            about: "log connections and statements to CloudWatch",
            default: Fixed("false"),
        }

        /// When AWS may work on the cluster, in UTC.
        "cluster.maintenance_window" maintenance_window = value(values::text) => {
            about: "when AWS may work on it",
            default: Fixed("sun:03:00-sun:03:30"),
        }

        /// Days that automatic snapshots are kept, 1 to 35.
        "cluster.snapshot_days" snapshot_days = value(values::whole::<1, 35>) => {
            about: "days that automatic snapshots are kept",
            default: Fixed("1"),
        }

        /// Time until a new cluster pauses by itself, as 30m, 4h or 2d; none for one that runs until somebody pauses it.
        "cluster.ttl" ttl = value(Ttl::from_str) => {
            about: "time until it pauses by itself, or none",
            default: Fixed("4h"),
        }

        /// An s3:// prefix that nothing else uses, where loads put what COPY reads. No default.
        "cluster.staging" staging = optional(Location::parse) => {
            about: "s3:// prefix for the files that loads stage for COPY",
            example: "s3://bucket/sparkify-staging/",
        }

        /// A service that answers with the caller's address, for --open-to-me.
        "cluster.address_service" address_service = value(values::endpoint) => {
            about: "service that answers with the caller's address",
            default: Fixed("https://checkip.amazonaws.com"),
        }

        /// Date of the prices below, in any words.
        "cluster.prices_as_of" prices_as_of = value(values::text) => {
            about: "date of the prices below",
            default: Fixed("2026-10"),
        }

        /// Prices in US dollars: of a node by its type and of a processing unit an hour, of storage a GB and month. Change them to
        /// those of your region and contract.
        // List prices on demand in us-east-1. What is not among them has no price that could be looked up.
        "cluster.prices" prices = value(Prices::from_str) => {
            about: "prices in USD: of a node and an RPU an hour, of storage a GB and month",
            default: Fixed("ra3.large=0.543 ra3.xlplus=1.086 ra3.4xlarge=3.26 ra3.16xlarge=13.04 rpu=0.375 storage=0.024"),
        }
    }

    /// How to reach S3.
    s3: S3Options, .. {
        /// The buckets' region. By default AWS_REGION's, the profile's, or what the bucket itself says. Set it if the bucket
        /// cannot be asked.
        "s3.region" region = optional(parse_region) => {
            about: "the bucket's region",
            default: Elsewhere("AWS_REGION, the profile's, or the bucket's own"),
            example: "us-west-2",
            flag: flag(&[S3], "s3-region", Text("REGION"), "The bucket's region"),
        }

        /// Another store that speaks S3, such as MinIO. By default AWS's own.
        "s3.endpoint" endpoint = optional(values::endpoint) => {
            about: "another store that speaks S3",
            default: Elsewhere("AWS's own"),
            example: "https://store.example.com",
            flag: flag(&[S3], "s3-endpoint", Text("URL"), "Another store that speaks S3"),
        }

        /// Bucket names in the path instead of the host. By default true with an endpoint, as most other stores need it, and
        /// false without.
        "s3.path_style" path_style = optional(values::truth) => {
            about: "bucket names in the path instead of the host",
            default: Elsewhere("true with an endpoint"),
            example: "true",
            flag: flag(&[S3], "s3-path-style", OptionalTruth("BOOL", "true"), "Bucket names in the path instead of the host"),
        }

        /// Send no credentials, for public buckets. By default sparkify finds credentials as AWS's own tools do.
        "s3.anonymous" anonymous = value(values::truth) => {
            about: "send no credentials, for public buckets",
            default: Fixed("false"),
            flag: flag(&[S3], "s3-anonymous", Nothing, "Send no credentials, for public buckets"),
        }

        /// The profile of ~/.aws to use. By default AWS_PROFILE's.
        "s3.profile" profile = optional(values::text) => {
            about: "the AWS profile to use",
            default: Elsewhere("AWS_PROFILE"),
            example: "analytics",
            flag: flag(&[S3], "s3-profile", Text("NAME"), "The AWS profile to use"),
        }

        /// Agree to pay for requests to someone else's bucket. Off unless set, as it costs money.
        "s3.requester_pays" requester_pays = value(values::truth) => {
            about: "agree to pay for requests to someone else's bucket",
            default: Fixed("false"),
            flag: flag(&[S3], "s3-requester-pays", Nothing, "Agree to pay for requests to someone else's bucket"),
        }

        /// Allow an endpoint without encryption beyond this machine. Off unless set, as data and signatures go in the clear.
        "s3.allow_http" allow_http = value(values::truth) => {
            about: "allow an unencrypted endpoint beyond this machine",
            default: Fixed("false"),
        }

        /// The ETag of an object that was uploaded in one piece is its MD5, as on S3. What arrives is compared with it if the
        /// store gives no checksum. Set it to false for a store whose ETags look like an MD5 and are not.
        "s3.etag_md5" etag_md5 = optional(values::truth) => {
            about: "the ETag of an object uploaded in one piece is its MD5, as on S3",
            default: Fixed("true"),
        }
    }

    /// How to load into Redshift.
    redshift: RedshiftOptions, .. {
        /// The role with which the cluster reads S3: its ARN, several joined by commas for a chain, or `default` for the
        /// cluster's own default. It must be attached to the cluster or namespace. No default: a role is never guessed.
        /// docs/redshift.md has the least that it needs.
        "redshift.iam_role" iam_role = optional(parse_role) => {
            about: "ARN of the role that the cluster reads S3 with, or `default`",
            example: "arn:aws:iam::123456789012:role/sparkify-copy",
        }

        /// The region of the buckets that the cluster reads; sources and staging prefix must be in the same. By default the staging
        /// bucket's own.
        "redshift.region" region = optional(parse_region) => {
            about: "region of the buckets that the cluster reads",
            default: Elsewhere("the staging bucket's"),
            example: "us-west-2",
        }

        /// An S3 prefix that nothing else uses, where a load puts manifests and compressed rows for the cluster, and deletes
        /// them afterwards. No default.
        "redshift.staging" staging = optional(parse_staging) => {
            about: "s3:// prefix for the files that a load stages for the cluster",
            example: "s3://bucket/sparkify-staging/",
        }

        /// The load mode: `direct` for server-side COPY of the log files, `compact` for client-side COPY, in which sparkify
        /// reads them and hands over a few large files. By default `auto`: the one that suits their number and sizes, and the
        /// load says why.
        "redshift.stage" stage = value(LoadMode::from_str) => {
            about: "load mode: direct for server-side COPY, compact for client-side COPY",
            default: Fixed("auto"),
        }

        /// The design of new tables on the cluster: `auto` leaves it to Redshift, `explicit` sets distribution and sort keys
        /// (docs/redshift-design.md). It counts when the tables are created.
        "redshift.design" design = value(Design::from_str) => {
            about: "design of new tables on the cluster: auto or explicit",
            default: Fixed("auto"),
        }

        /// A secret of Secrets Manager, by ARN or name, with the user's password. By default the password comes from
        /// SPARKIFY_PASSWORD, PGPASSWORD or ~/.pgpass.
        "redshift.secret" secret = optional(values::text) => {
            about: "ARN or name of a secret with the user's password",
            example: "arn:aws:secretsmanager:us-west-2:123456789012:secret:music",
        }

        /// Log in by temporary credentials of IAM instead of a password: as the user that the URL names, or else as one of the
        /// caller's own.
        "redshift.iam" iam = value(values::truth) => {
            about: "log in by temporary credentials of IAM",
            default: Fixed("false"),
        }

        /// The cluster's identifier, or workgroup:NAME, for `iam` behind a host name of one's own; Amazon's host names say it
        /// themselves.
        "redshift.cluster" cluster = optional(values::text) => {
            about: "the cluster, or workgroup:NAME, behind a host name of one's own",
            example: "music",
        }
    }
}
