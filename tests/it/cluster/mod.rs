//! The Redshift cluster as code: its templates, its commands from beginning to end against moto, and what goes wrong.

mod bad_input;
mod end_to_end;
mod faults;
mod lookup;
mod secrets;
mod serverless;
mod templates;
