//! What a row of the table of settings says, and the macro that turns the table into types, names and a reader.

/// One setting that there is.
#[derive(Debug)]
pub struct Setting {
    /// Its name in the file, sections joined by a point.
    pub name: &'static str,
    /// What it is for, without its default.
    pub about: &'static str,
    /// What it does and why one would change it: the lines of its entry in `config/reference.toml`.
    pub(super) why: &'static [&'static str],
    pub(super) default: Fallback,
    /// A value for `config/reference.toml`, if the default does not serve.
    pub(super) example: &'static str,
    /// Relative paths in a settings file are meant from the file's folder.
    pub(super) is_path: bool,
    /// The flag that sets it.
    pub flag: Option<Flag>,
}

/// What counts if nothing sets a setting.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fallback {
    /// Nothing.
    Unset,
    /// What the code that uses it finds out, in words.
    Elsewhere(&'static str),
    /// What suits the machine: in words, and as it would be set.
    Machine(&'static str, fn() -> String),
    /// This text, as it would be set.
    Fixed(&'static str),
}

/// A flag of the command line that sets a setting.
#[derive(Debug)]
pub struct Flag {
    /// Where it stands.
    pub groups: &'static [Group],
    /// Its name without the hyphens in front.
    pub long: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Its line of help.
    pub help: &'static str,
}

/// Flags that stand side by side on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Sources, of `load`.
    Sources,
    /// Of every command that opens a warehouse.
    Warehouse,
    /// Memory and threads, of the same commands; help lists them behind the warehouse.
    Resources,
    /// What `load` puts up with.
    Lenience,
    /// Of `simulate`, besides those for S3.
    Simulate,
    /// Of the commands that reach S3.
    S3,
    /// Of `cluster` and each of its actions.
    Cluster,
}

/// What a flag takes, with the name that its help has for the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// No value: given, it says true.
    Nothing,
    /// A text.
    Text(&'static str),
    /// A whole number from 0.
    Number(&'static str),
    /// A whole number behind an equals sign; and the one that it is without.
    OptionalNumber(&'static str, &'static str),
    /// True or false behind an equals sign; and the one that it is without.
    OptionalTruth(&'static str, &'static str),
}

/// A row's flag, as the field takes it.
#[allow(clippy::unnecessary_wraps)]
pub(super) const fn flag(groups: &'static [Group], long: &'static str, takes: Takes, help: &'static str) -> Option<Flag> {
    Some(Flag { groups, long, takes, help })
}

/// A longer default does not stand in [`Setting::described`], which is a cell of a table.
const LONGEST_DEFAULT: usize = 40;

impl Setting {
    /// What a row need not say.
    pub(super) const BLANK: Self =
        Self { name: "", about: "", why: &[], default: Fallback::Unset, example: "", is_path: false, flag: None };

    /// Its environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("SPARKIFY_{}", self.name.to_ascii_uppercase().replace('.', "_"))
    }

    /// What counts if nothing sets it, as it would be set; `None` if that is nothing, or found out by the code that uses it.
    #[must_use]
    pub fn default(&self) -> Option<String> {
        match self.default {
            Fallback::Unset | Fallback::Elsewhere(_) => None,
            Fallback::Machine(_, find) => Some(find()),
            Fallback::Fixed(text) => Some(text.to_owned()),
        }
    }

    /// What it is for, with its default in parentheses.
    #[must_use]
    pub fn described(&self) -> String {
        match self.default {
            Fallback::Elsewhere(words) | Fallback::Machine(words, _) => format!("{} ({words})", self.about),
            Fallback::Fixed(text) if text.len() <= LONGEST_DEFAULT => format!("{} ({text})", self.about),
            Fallback::Fixed(_) | Fallback::Unset => self.about.to_owned(),
        }
    }
}

/// Makes of the table's rows the constant `SETTINGS`, the struct `Settings` with a field for each row and section, and the
/// function that reads a value for each field. A section fills a struct of the module that uses it; the compiler sees to it
/// that each of its fields has a row, unless `..` says that others have their default.
macro_rules! settings {
    (
        general {
            $(
                $(#[doc = $why:literal])+
                $name:literal $field:ident: $type:ty = $how:ident($parse:expr) => { $($key:ident: $is:expr,)+ }
            )+
        }
        $(
            #[doc = $section_about:literal]
            $section:ident: $options:ident $(, $others:tt)? {
                $(
                    $(#[doc = $its_why:literal])+
                    $its_name:literal $its_field:ident = $its_how:ident($its_parse:expr) => { $($its_key:ident: $its_is:expr,)+ }
                )+
            }
        )+
    ) => {
        /// Every setting, in the order in which `sparkify config` shows them.
        pub const SETTINGS: &[Setting] = &[
            $(Setting { name: $name, why: &[$($why),+], $($key: $is,)+ ..Setting::BLANK },)+
            $($(Setting { name: $its_name, why: &[$($its_why),+], $($its_key: $its_is,)+ ..Setting::BLANK },)+)+
        ];

        /// The settings of a command, resolved.
        #[derive(Debug, Clone)]
        pub struct Settings {
            $($(#[doc = $why])+ pub $field: $type,)+
            $(#[doc = $section_about] pub $section: $options,)+
            /// What was set.
            pub(super) values: Values,
        }

        impl Settings {
            /// Reads the values, each by the parser of its row.
            pub(super) fn read(values: Values) -> Result<Self> {
                let reader = Reader { settings: SETTINGS, values: &values };
                Ok(Self {
                    $($field: reader.$how($name, $parse)?,)+
                    $($section: $options {
                        $($its_field: reader.$its_how($its_name, $its_parse)?,)+
                        $($others $options::default())?
                    },)+
                    values,
                })
            }
        }
    };
}

pub(super) use settings;
