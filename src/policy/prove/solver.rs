//! The solver's program.

use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use cedar_policy_symcc::CedarSymCompiler;
use cedar_policy_symcc::err;
use cedar_policy_symcc::solver::LocalSolver;

/// A cvc5 that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solver {
    program: PathBuf,
    version: String,
}

/// Why there is no solver.
#[derive(Debug, thiserror::Error)]
pub enum SolverError {
    /// It is not there.
    #[error(
        "there is no solver: `{0}` is not found. Proofs and comparisons need cvc5: install it (Debian and Ubuntu: \
         `apt install cvc5`; Nix: the package `cvc5`; others: a release of cvc5), or set CVC5 to the program"
    )]
    Absent(String),
    /// It is there and does not start.
    #[error("`{program}` does not start: {cause}; set CVC5 to another cvc5")]
    Broken {
        /// The program.
        program: String,
        /// What the system said.
        cause: io::Error,
    },
    /// It is another program.
    #[error("`{0}` does not say that it is cvc5; set CVC5 to the program of cvc5")]
    Other(String),
}

impl Solver {
    /// Asks the program for its version; a bare name is looked for in PATH.
    pub fn find(program: PathBuf) -> Result<Self, SolverError> {
        let name = program.display().to_string();
        let output = Command::new(&program).arg("--version").stdin(Stdio::null()).output();
        let output = output.map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => SolverError::Absent(name.clone()),
            _ => SolverError::Broken { program: name.clone(), cause },
        })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version =
            text.lines().find_map(|line| line.split_once("cvc5 version ")?.1.split_whitespace().next());
        match version {
            Some(version) => Ok(Self { program, version: format!("cvc5 {version}") }),
            None => Err(SolverError::Other(name)),
        }
    }

    /// Its name and version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// A process of it, which ends with the value. `timeout` is for each question: the option for the whole process
    /// would end it between two.
    pub(super) fn start(&self, timeout: Duration) -> Result<CedarSymCompiler<LocalSolver>, Box<err::Error>> {
        let mut command = tokio::process::Command::new(&self.program);
        command
            .args(["--lang", "smt"])
            .arg(format!("--tlimit-per={}", timeout.as_millis()))
            .kill_on_drop(true);
        let process = LocalSolver::from_command(&mut command).map_err(|error| Box::new(error.into()))?;
        CedarSymCompiler::new(process).map_err(Box::new)
    }
}
