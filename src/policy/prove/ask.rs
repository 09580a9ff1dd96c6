//! Questions to solvers, several at once.

use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use cedar_policy_symcc::CedarSymCompiler;
use cedar_policy_symcc::CompiledPolicy;
use cedar_policy_symcc::CompiledPolicySet;
use cedar_policy_symcc::Env;
use cedar_policy_symcc::err;
use cedar_policy_symcc::solver::LocalSolver;
use tokio::runtime::Runtime;

use super::Prover;

/// A set of a thousand policies is a deep term. What is not used of this costs nothing.
const STACK: usize = 256 << 20;

/// What a solver says.
pub(super) enum Answer {
    /// It holds for every request.
    Holds,
    /// It does not hold for this one.
    Fails(Box<Env>),
    /// It could not tell, and why.
    Unknown(String),
}

/// One solver process, started with the first question that needs one.
pub(super) struct Asker<'a> {
    prover: &'a Prover,
    // Before the runtime: it is ended while that is there.
    compiler: Option<CedarSymCompiler<LocalSolver>>,
    runtime: Runtime,
}

impl<'a> Asker<'a> {
    fn new(prover: &'a Prover) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { prover, compiler: None, runtime })
    }

    /// Whether nothing is allowed by both.
    pub(super) fn disjoint(&mut self, left: &CompiledPolicySet, right: &CompiledPolicySet) -> Answer {
        self.ask(async |compiler| compiler.check_disjoint_with_counterexample_opt(left, right).await)
    }

    /// Whether all that `inner` allows is allowed by `outer`.
    pub(super) fn implies(&mut self, inner: &CompiledPolicySet, outer: &CompiledPolicySet) -> Answer {
        self.ask(async |compiler| compiler.check_implies_with_counterexample_opt(inner, outer).await)
    }

    /// Whether the policy errs for no request.
    pub(super) fn never_errors(&mut self, policy: &CompiledPolicy) -> Answer {
        self.ask(async |compiler| compiler.check_never_errors_with_counterexample_opt(policy).await)
    }

    /// Whether the policy matches no request.
    pub(super) fn never_matches(&mut self, policy: &CompiledPolicy) -> Answer {
        self.ask(async |compiler| compiler.check_never_matches_with_counterexample_opt(policy).await)
    }

    fn ask(
        &mut self,
        question: impl AsyncFnOnce(&mut CedarSymCompiler<LocalSolver>) -> err::Result<Option<Env>>,
    ) -> Answer {
        let _inside = self.runtime.enter();
        let compiler = match &mut self.compiler {
            Some(compiler) => compiler,
            none => match self.prover.solver.start(self.prover.timeout) {
                Ok(compiler) => none.insert(compiler),
                Err(error) => return Answer::Unknown(explain(&error, self.prover)),
            },
        };
        match self.runtime.block_on(question(compiler)) {
            Ok(None) => Answer::Holds,
            Ok(Some(environment)) => Answer::Fails(Box::new(environment)),
            Err(error) => {
                let reason = explain(&error, self.prover);
                if !matches!(error, err::Error::SolverUnknown) {
                    // It may be dead, or in the middle of an answer.
                    self.compiler = None;
                }
                Answer::Unknown(reason)
            }
        }
    }
}

fn explain(error: &err::Error, prover: &Prover) -> String {
    match error {
        err::Error::SolverUnknown => {
            format!("the solver could not tell within {} seconds", prover.timeout.as_secs())
        }
        other => other.to_string(),
    }
}

/// Does every job, on as many threads as solvers may run; the results are in the order of the jobs.
pub(super) fn run<Job: Sync, Done: Send>(
    prover: &Prover,
    jobs: &[Job],
    work: impl Fn(&mut Asker<'_>, &Job) -> Done + Sync,
) -> io::Result<Vec<Done>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Done)>> = Mutex::new(Vec::with_capacity(jobs.len()));
    let one_thread = || -> io::Result<()> {
        let mut asker = Asker::new(prover)?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(number) else { return Ok(()) };
            let result = work(&mut asker, job);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
        }
    };
    std::thread::scope(|scope| {
        let start = |_| std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, one_thread);
        let threads: Vec<_> =
            (0..prover.jobs.clamp(1, jobs.len().max(1))).map(start).collect::<io::Result<_>>()?;
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread of the prover ended early")))
        })
    })?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}
