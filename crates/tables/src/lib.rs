//! Reads a person's tables, whatever the format, and says what is in them: names, kinds, ranges and frequent values of
//! columns, never rows.
//!
//! Tables are hostile input, so [`reader_main`] is a role of our binary that runs inside the jail.
//! Memory stays bounded whatever the file holds; every bound is a named constant of [`limits`].

mod cell;
mod column;
mod columnar;
mod csv;
mod date;
mod error;
mod input;
mod json;
pub mod limits;
mod number;
mod ods;
mod ole;
mod package;
mod profile;
mod reader;
mod role;
mod sheets;
mod sniff;
mod table;

pub use error::TableError;
pub use profile::profile;
pub use reader::reader_main;
pub use ringfence_job::table::{
    ColumnKind, ColumnProfile, ColumnRole, FileProfile, Stored, TableFormat, TableProfile,
};
