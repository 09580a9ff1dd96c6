//! `portcullis policy matrix`: who may do what where.

use std::path::PathBuf;

use clap::Args;

use super::say_json;
use super::wrong;
use crate::cli::Failure;
use crate::cli::output;
use crate::policy::Class;
use crate::policy::EngineSettings;
use crate::policy::Explainer;
use crate::policy::Matrix;
use crate::policy::PolicySource;
use crate::policy::Row;
use crate::tools;

/// The width that lists of tools are broken at.
const WIDTH: usize = 100;

/// Arguments of `portcullis policy matrix`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A profile.
    directory: PathBuf,
    /// A group besides those that the policies name, such as `jira:dev`; may be given again.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// A project besides those that the policies name; may be given again.
    #[arg(long = "project", value_name = "KEY")]
    projects: Vec<String>,
    /// A space besides those that the policies name; may be given again.
    #[arg(long = "space", value_name = "KEY")]
    spaces: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let facts = tools::facts();
    let settings = EngineSettings::alone(PolicySource::Directory(arguments.directory.clone()));
    let explainer = Explainer::load(&facts, &settings).map_err(wrong)?;
    let matrices = explainer
        .matrix(&facts, &arguments.groups, &arguments.projects, &arguments.spaces)
        .map_err(Failure::usage)?;
    if arguments.json {
        return say_json(&matrices);
    }
    output::say(matrices.iter().map(table).collect::<Vec<_>>().join("\n\n").trim_end());
    Ok(())
}

/// Groups from above, places to the right; above each part the tools it is of.
fn table(matrix: &Matrix) -> String {
    let groups = |row: &Row| row.groups.join(", ");
    let rows = || matrix.classes.iter().flat_map(|class| &class.rows);
    let first = rows().map(|row| groups(row).chars().count()).max().unwrap_or_default().max(8);
    let widths: Vec<usize> = matrix.places.iter().map(|place| place.chars().count().max(7)).collect();
    let line = |name: &str, cells: Vec<&str>| {
        let cells: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("  {name:<first$}  {}", cells.join("  ")).trim_end().to_owned()
    };
    let mut lines = vec![line(matrix.product, matrix.places.iter().map(String::as_str).collect())];
    for class in &matrix.classes {
        lines.push(String::new());
        lines.extend(names(class));
        lines.extend(
            class
                .rows
                .iter()
                .map(|row| line(&groups(row), row.cells.iter().map(|cell| cell.as_str()).collect())),
        );
    }
    lines.join("\n")
}

fn names(class: &Class) -> Vec<String> {
    let mut lines = vec![String::new()];
    for (index, name) in class.tools.iter().enumerate() {
        let end = if index + 1 == class.tools.len() { "" } else { "," };
        match lines.last_mut() {
            Some(line) if line.is_empty() => *line = format!("{name}{end}"),
            Some(line) if line.len() + name.len() < WIDTH => line.extend([" ", name, end]),
            _ => lines.push(format!("{name}{end}")),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Cell;

    #[test]
    fn a_table_has_a_row_for_each_set_of_groups() {
        let matrix = Matrix {
            product: "jira",
            places: vec!["all of Jira".to_owned(), "OPS".to_owned()],
            classes: vec![Class {
                tools: vec!["jira_a".to_owned(), "jira_b".to_owned()],
                rows: vec![
                    Row { groups: vec!["none".to_owned()], cells: vec![Cell::None, Cell::Denied] },
                    Row {
                        groups: vec!["jira:ops".to_owned(), "jira:dev".to_owned()],
                        cells: vec![Cell::Allowed, Cell::Depends],
                    },
                ],
            }],
        };
        let wanted = "  jira                all of Jira  OPS\n\njira_a, jira_b\n  none                -            denied\n  \
                      jira:ops, jira:dev  allowed      depends";
        assert_eq!(table(&matrix), wanted);
    }
}
