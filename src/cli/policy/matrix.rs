//! `portcullis policy matrix`: who may do what where.

use std::path::PathBuf;

use clap::Args;

use super::chosen::Chosen;
use super::chosen::Instead;
use super::say_json;
use super::wrong;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::output;
use crate::policy::Class;
use crate::policy::Explainer;
use crate::policy::Matrix;
use crate::policy::Row;
use crate::tools;

/// The width that lists of tools are broken at.
const WIDTH: usize = 100;

/// Arguments of `portcullis policy matrix`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A profile; without one, the policies of the configuration.
    directory: Option<PathBuf>,
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

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    let facts = tools::facts();
    let chosen = Chosen::of(arguments.directory.as_deref(), cli, Instead("`policy matrix DIR`"))?;
    let explainer = Explainer::load(&facts, &chosen.settings).map_err(wrong)?;
    let matrices = explainer
        .matrix(&facts, &arguments.groups, &arguments.projects, &arguments.spaces)
        .map_err(Failure::usage)?;
    if arguments.json {
        return say_json(&matrices);
    }
    output::say(&format!("{}\n", chosen.name));
    output::say(matrices.iter().map(table).collect::<Vec<_>>().join("\n\n").trim_end());
    Ok(())
}

/// Groups from above, places to the right; above each part the tools it is of.
fn table(matrix: &Matrix) -> String {
    let groups = |row: &Row| row.groups.join(", ");
    let rows = || matrix.classes.iter().flat_map(|class| &class.rows);
    let first = rows().map(|row| groups(row).chars().count()).max().unwrap_or_default().max(8);
    let cells = |row: &Row| row.cells.iter().map(ToString::to_string).collect::<Vec<String>>();
    let width = |(column, place): (usize, &String)| {
        let cells = rows().filter_map(|row| row.cells.get(column)).map(|cell| cell.to_string().len());
        cells.max().unwrap_or_default().max(place.chars().count()).max(7)
    };
    let widths: Vec<usize> = matrix.places.iter().enumerate().map(width).collect();
    let line = |name: &str, cells: &[String]| {
        let cells: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("  {name:<first$}  {}", cells.join("  ")).trim_end().to_owned()
    };
    let mut lines = vec![line(matrix.product, &matrix.places)];
    for class in &matrix.classes {
        lines.push(String::new());
        lines.extend(names(class));
        lines.extend(class.rows.iter().map(|row| line(&groups(row), &cells(row))));
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
    use crate::policy::HowOften;

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
                        cells: vec![Cell::Allowed(HowOften::default()), Cell::Depends(HowOften::default())],
                    },
                ],
            }],
        };
        let wanted = "  jira                all of Jira  OPS\n\njira_a, jira_b\n  none                -            denied\n  \
                      jira:ops, jira:dev  allowed      depends";
        assert_eq!(table(&matrix), wanted);
    }
}
