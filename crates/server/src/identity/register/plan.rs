//! What a file would do to an organisation's people, line by line, before anything is done. Pure.

use super::{
    super::{
        lifecycle::{Draft, check},
        page::AccountState,
        people::account_state,
        service::normal,
        store::UserRow,
    },
    reading::{Line, read},
    table::Encoding,
    words::{Action, Column},
};
use crate::{
    actor::Role,
    portal::{Key, Lang},
};
use sha2::{Digest as _, Sha256};
use std::{collections::HashMap, fmt::Write as _};
use wire::ids::UserId;

/// The most people that one file changes.
pub const MOST_CHANGES: usize = 2000;

/// Something that keeps a file from being taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line of the file, from 1; none where the whole file is meant.
    pub line: Option<u64>,
    /// The column; none where the whole line is meant.
    pub column: Option<Column>,
    /// What is wrong and what to do, with `{cell}` and `{line}` to be filled in.
    pub what: Key,
    /// What stands there.
    pub cell: String,
    /// Another line that has to do with it.
    pub other: u64,
}

impl Problem {
    pub(super) fn at(line: u64, column: Option<Column>, what: Key, cell: &str) -> Self {
        Self {
            line: Some(line),
            column,
            what,
            cell: cell.chars().take(60).collect(),
            other: 0,
        }
    }

    pub(super) fn of_file(what: Key) -> Self {
        Self {
            line: None,
            column: None,
            what,
            cell: String::new(),
            other: 0,
        }
    }

    /// What is told.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("cell", &self.cell), ("line", &self.other)];
        lang.filled(self.what.0, &values)
    }
}

/// What one line does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The line of the file.
    pub line: u64,
    /// Who; none for somebody who is added.
    pub person: Option<UserId>,
    /// Their address.
    pub email: String,
    /// Their name and role now; none for somebody who is added.
    pub before: Option<(String, Role)>,
    /// Their name afterwards.
    pub full_name: String,
    /// Their role afterwards.
    pub role: Role,
    /// What is done, in this order; never nothing.
    pub acts: Vec<Action>,
}

impl Step {
    fn does(&self, act: Action) -> bool {
        self.acts.contains(&act)
    }

    /// Whether an administrator is one no more, or not for now.
    fn loses_administrator(&self) -> bool {
        let was = matches!(self.before, Some((_, Role::Administrator)));
        was && (self.role != Role::Administrator
            || self.does(Action::Suspend)
            || self.does(Action::Remove))
    }

    /// Who comes is there before somebody goes, so that an organisation keeps an administrator; who goes makes room
    /// before somebody is added.
    pub(super) fn turn(&self) -> u8 {
        match (self.does(Action::Add), self.does(Action::Remove)) {
            (true, _) => 2,
            (_, true) => 1,
            _ if self.loses_administrator() => 1,
            _ => 0,
        }
    }
}

/// What a file would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In what it was written.
    pub encoding: Encoding,
    /// Heads of columns that are not understood and not used.
    pub unused: Vec<String>,
    /// The lines that do something, in the order of the file.
    pub steps: Vec<Step>,
    /// How many lines leave a person as they are.
    pub same: usize,
    /// Why nothing is done, in the order of the file; none when it can be.
    pub problems: Vec<Problem>,
    /// Names exactly this file and exactly these steps (SHA-256, hexadecimal).
    pub digest: String,
}

impl Plan {
    /// How many people an act is done to.
    #[must_use]
    pub fn count(&self, act: Action) -> usize {
        self.steps.iter().filter(|step| step.does(act)).count()
    }
}

/// What the organisation is like.
pub(super) struct Now<'a> {
    /// Everybody who is not removed.
    pub(super) people: &'a [UserRow],
    /// Who asks.
    pub(super) actor: UserId,
    /// How many more accounts the contract allows; none without a contract in force.
    pub(super) room: Option<i64>,
}

/// Works out what a file would do.
pub(super) fn plan(file: &[u8], now: &Now<'_>) -> Plan {
    let read = read(file);
    let mut plan = Plan {
        encoding: read.encoding,
        unused: read.unused,
        steps: Vec::new(),
        same: 0,
        problems: read.problems,
        digest: String::new(),
    };
    let known: HashMap<&str, &UserRow> = now
        .people
        .iter()
        .map(|row| (row.email.as_str(), row))
        .collect();
    let mut seen: HashMap<String, u64> = HashMap::new();
    for line in &read.lines {
        let email = normal(&line.address);
        if let Some(first) = seen.get(&email) {
            let what = Key("register.problem.twice");
            let mut problem = Problem::at(line.number, Some(Column::Address), what, &email);
            problem.other = *first;
            plan.problems.push(problem);
            continue;
        }
        seen.insert(email.clone(), line.number);
        let row = known.get(email.as_str()).copied();
        match step(line, email, row, now.actor) {
            Ok(Some(step)) => plan.steps.push(step),
            Ok(None) => plan.same += 1,
            Err(problem) => plan.problems.push(problem),
        }
    }
    check_room(&mut plan, now.room);
    if plan.steps.len() > MOST_CHANGES {
        let what = Key("register.problem.many_changes");
        plan.problems.push(Problem::of_file(what));
    }
    plan.problems.sort_by_key(|problem| problem.line);
    plan.digest = digest(file, &plan.steps);
    plan
}

/// What a line does to the person of its address; nothing when they are so already.
fn step(
    line: &Line,
    email: String,
    row: Option<&UserRow>,
    actor: UserId,
) -> Result<Option<Step>, Problem> {
    let Some(row) = row else {
        return match line.action {
            None | Some(Action::Add) => added(line, &email).map(Some),
            Some(_) => Err(line.wrong(Column::Address, Key("register.problem.nobody"))),
        };
    };
    let role_now = Role::from_name(&row.role).unwrap_or(Role::User);
    let typed = line.full_name.trim();
    let keeps_details = matches!(
        line.action,
        Some(Action::Suspend | Action::Resume | Action::Remove)
    );
    let mut step = Step {
        line: line.number,
        person: Some(row.id),
        email,
        before: Some((row.full_name.clone(), role_now)),
        full_name: if keeps_details || typed.is_empty() {
            row.full_name.clone()
        } else {
            typed.to_owned()
        },
        role: line.role.filter(|_| !keeps_details).unwrap_or(role_now),
        acts: Vec::new(),
    };
    step.acts = acts(line, account_state(&row.state), &step)?;
    if row.id == actor && step.loses_administrator() {
        let what = Key("person.error.yourself");
        return Err(Problem::at(line.number, None, what, ""));
    }
    Ok(Some(step).filter(|step| !step.acts.is_empty()))
}

/// What is done to somebody who is there, so that they become as the line says.
fn acts(line: &Line, state: AccountState, step: &Step) -> Result<Vec<Action>, Problem> {
    let is_out = state == AccountState::Locked;
    match line.action {
        Some(Action::Add) => {
            return Err(line.wrong(Column::Address, Key("register.problem.there")));
        }
        Some(act @ Action::Remove) => return Ok(vec![act]),
        Some(act @ Action::Suspend) if !is_out => return Ok(vec![act]),
        Some(act @ Action::Resume) if is_out => return Ok(vec![act]),
        Some(Action::Suspend | Action::Resume) => return Ok(Vec::new()),
        Some(Action::Change) | None => {}
    }
    let mut acts = Vec::new();
    let after = (step.full_name.clone(), step.role);
    if step.before.as_ref() != Some(&after) {
        check(&draft(&step.full_name, &step.email, step.role)).map_err(|faults| {
            let what = faults.full_name.unwrap_or(Key("person.error.name_missing"));
            line.wrong(Column::Name, what)
        })?;
        acts.push(Action::Change);
    }
    // In so many words the action is a change alone; where nothing is said, the state is what is wanted.
    match line.state.filter(|_| line.action.is_none()) {
        Some(AccountState::Locked) if !is_out => acts.push(Action::Suspend),
        Some(AccountState::Active | AccountState::Invited) if is_out => acts.push(Action::Resume),
        _ => {}
    }
    Ok(acts)
}

/// Somebody new.
fn added(line: &Line, email: &str) -> Result<Step, Problem> {
    if line.state == Some(AccountState::Locked) && line.action.is_none() {
        return Err(line.wrong(Column::State, Key("register.problem.add_suspended")));
    }
    let missing = Key("register.problem.role_missing");
    let role = line.role.ok_or_else(|| line.wrong(Column::Role, missing))?;
    let (full_name, email, role) = check(&draft(&line.full_name, email, role)).map_err(|of| {
        let name = of.full_name.map(|what| line.wrong(Column::Name, what));
        let what = of.email.unwrap_or(Key("person.error.email_wrong"));
        name.unwrap_or_else(|| line.wrong(Column::Address, what))
    })?;
    Ok(Step {
        line: line.number,
        person: None,
        email,
        before: None,
        full_name,
        role,
        acts: vec![Action::Add],
    })
}

pub(super) fn draft(full_name: &str, email: &str, role: Role) -> Draft {
    Draft {
        full_name: full_name.to_owned(),
        email: email.to_owned(),
        role: role.name().to_owned(),
    }
}

/// The contract's number of accounts holds for what there is in the end.
fn check_room(plan: &mut Plan, room: Option<i64>) {
    let leaving = i64::try_from(plan.count(Action::Remove)).unwrap_or(i64::MAX);
    let room = room.map_or(0, |room| room.saturating_add(leaving).max(0));
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let beyond = plan.steps.iter().filter(|step| step.does(Action::Add));
    let what = Key("person.error.no_room");
    let problems: Vec<Problem> = beyond
        .skip(room)
        .map(|step| Problem::at(step.line, None, what, ""))
        .collect();
    plan.problems.extend(problems);
}

/// Of a file and of what it does: what is confirmed is what was shown.
fn digest(file: &[u8], steps: &[Step]) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    };
    add(file);
    for step in steps {
        let person = step.person.map(|id| id.to_string());
        let before = step.before.as_ref();
        add(&step.line.to_be_bytes());
        for part in [
            person.as_deref().unwrap_or_default(),
            &step.email,
            before.map_or("", |(name, _)| name),
            before.map_or("", |(_, role)| role.name()),
            &step.full_name,
            step.role.name(),
        ] {
            add(part.as_bytes());
        }
        let acts: Vec<&str> = step.acts.iter().map(|act| act.name()).collect();
        add(acts.join(" ").as_bytes());
    }
    let mut text = String::new();
    for byte in hash.finalize() {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
