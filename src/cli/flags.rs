//! The flags that set a setting, as the table of settings declares them.

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};

use crate::settings::{Flag, Flags, Group, SETTINGS, Setting, Takes};

/// The arguments of groups: what clap calls a flattened struct, with the rows of the table in the place of fields.
macro_rules! groups {
    ($($(#[doc = $about:literal])+ $name:ident: $($group:ident)and+;)+) => {$(
        $(#[doc = $about])+
        #[derive(Debug)]
        pub struct $name(Flags);

        impl $name {
            /// The flags that were given, by setting.
            #[must_use]
            pub fn flags(&self) -> Flags {
                self.0.clone()
            }
        }

        impl Args for $name {
            fn augment_args(command: Command) -> Command {
                command$(.args(rows(Group::$group).map(|(setting, flag)| argument(setting, flag, Group::$group))))+
            }

            fn augment_args_for_update(command: Command) -> Command {
                Self::augment_args(command)
            }
        }

        impl FromArgMatches for $name {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                let rows = [$(Group::$group),+].into_iter().flat_map(rows);
                let given = rows.filter_map(|(setting, flag)| Some((setting.name, given(setting, flag, matches)?)));
                Ok(Self(given.collect()))
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                self.0.extend(Self::from_arg_matches(matches)?.0);
                Ok(())
            }
        }
    )+};
}

groups! {
    /// Where to load from.
    SourceArgs: Sources;
    /// Which warehouse, and with which means.
    WarehouseArgs: Warehouse and Resources;
    /// What a load puts up with.
    LenienceArgs: Lenience;
    /// How to simulate, as far as the settings say it.
    SimulateSettings: Simulate;
    /// How to reach S3.
    S3Args: S3;
    /// Which cluster.
    ClusterSettings: Cluster;
}

/// The settings that have a flag in a group.
fn rows(group: Group) -> impl Iterator<Item = (&'static Setting, &'static Flag)> {
    SETTINGS
        .iter()
        .filter_map(|setting| Some((setting, setting.flag.as_ref()?)))
        .filter(move |(_, flag)| flag.groups.contains(&group))
}

fn argument(setting: &'static Setting, flag: &'static Flag, group: Group) -> Arg {
    let arg = Arg::new(setting.name).long(flag.long).help(flag.help).global(group == Group::Cluster);
    let arg = if group == Group::S3 { arg.help_heading("S3") } else { arg };
    let takes = |name: &'static str, parser: ValueParser| arg.clone().value_name(name).value_parser(parser);
    let optional = |arg: Arg, without| arg.num_args(0..=1).require_equals(true).default_missing_value(without);
    match flag.takes {
        Takes::Nothing => arg.action(ArgAction::SetTrue),
        Takes::Text(name) => takes(name, ValueParser::string()),
        Takes::Number(name) => takes(name, value_parser!(u64).into()),
        Takes::OptionalNumber(name, without) => optional(takes(name, value_parser!(u64).into()), without),
        Takes::OptionalTruth(name, without) => optional(takes(name, ValueParser::bool()), without),
    }
}

/// What the command line says of a setting.
fn given(setting: &Setting, flag: &Flag, matches: &ArgMatches) -> Option<String> {
    match flag.takes {
        Takes::Nothing => matches.get_flag(setting.name).then(|| "true".to_owned()),
        Takes::Text(_) => matches.get_one::<String>(setting.name).cloned(),
        Takes::Number(_) | Takes::OptionalNumber(..) => matches.get_one::<u64>(setting.name).map(u64::to_string),
        Takes::OptionalTruth(..) => matches.get_one::<bool>(setting.name).map(bool::to_string),
    }
}
