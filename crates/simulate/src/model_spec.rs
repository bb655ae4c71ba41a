//! A model as it is written down, and the checks that turn it into a [`Model`].

use std::collections::{BTreeMap, HashSet};

use super::model::{Chances, Model, Node, State, States, UserState};
use super::seasonality::Seasonality;

/// Sums of probabilities may be this much over 1, as decimal fractions do not add up exactly.
const ROUNDING: f64 = 1e-6;

/// States, transitions and the rest, as a configuration or the built-in model states them.
#[derive(Debug, Clone)]
pub(super) struct ModelSpec {
    /// Mean seconds between events.
    pub alpha: f64,
    /// Mean seconds between sessions.
    pub beta: f64,
    pub session_gap: i64,
    pub seasonality: Seasonality,
    /// Users whose session ends with this auth leave.
    pub churned: Option<String>,
    pub newcomer: (String, String),
    pub levels: Vec<(String, f64)>,
    pub auths: Vec<(String, f64)>,
    pub starts: Vec<(State, f64)>,
    pub shown: BTreeMap<String, bool>,
    pub transitions: Vec<(State, State, f64)>,
}

/// What is wrong, and where in the configuration.
pub(super) struct Fault {
    pub place: String,
    pub what: String,
}

fn fault<T>(place: impl Into<String>, what: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { place: place.into(), what: what.into() })
}

impl ModelSpec {
    /// The model, and what is odd about it.
    pub(super) fn build(self) -> Result<(Model, Vec<String>), Fault> {
        let mut states = States::default();
        let mut sums: Vec<(Chances, f64)> = Vec::new();
        for (index, (source, dest, p)) in self.transitions.iter().enumerate() {
            let (from, to) = (states.number(source.clone()), states.number(dest.clone()));
            if states.list.len() > usize::from(u16::MAX) {
                return fault("transitions", "has more than 65,535 states");
            }
            sums.resize(states.list.len(), (Chances::new(), 0.0));
            let (chances, sum) = &mut sums[usize::from(from)];
            *sum += p;
            if *sum > 1.0 + ROUNDING {
                let what = format!("brings the probabilities out of {} to {sum:.6}, more than 1", shown(source));
                return fault(format!("transitions[{index}].p"), what);
            }
            chances.push((*sum, to));
        }

        let mut user_states: Vec<(String, String)> = Vec::new();
        let mut user_state_of = |auth: &str, level: &str| -> UserState {
            let found = user_states.iter().position(|(a, l)| a == auth && l == level);
            found.unwrap_or_else(|| {
                user_states.push((auth.to_owned(), level.to_owned()));
                user_states.len() - 1
            }) as UserState
        };
        let nodes: Vec<Node> = states
            .list
            .iter()
            .zip(sums)
            .map(|(state, (mut next, sum))| Node {
                user_state: user_state_of(&state.auth, &state.level),
                plays: state.page == "NextSong",
                redirects: (300..399).contains(&state.status),
                shown: self.shown.get(&state.auth).copied().unwrap_or(false),
                leaves: self.churned.as_deref() == Some(state.auth.as_str()),
                state: state.clone(),
                next: {
                    // A sum that was meant to be 1 is exactly 1.
                    if let Some(last) = next.last_mut().filter(|_| sum > 1.0 - ROUNDING) {
                        last.0 = 1.0;
                    }
                    next
                },
            })
            .collect();
        let newcomer = user_state_of(&self.newcomer.0, &self.newcomer.1);
        for (auth, _) in &self.auths {
            for (level, _) in &self.levels {
                user_state_of(auth, level);
            }
        }

        let mut weights: Vec<Vec<(f64, u16)>> = vec![Vec::new(); user_states.len()];
        for (index, (state, weight)) in self.starts.iter().enumerate() {
            let Some(node) = states.known(state) else {
                let what = format!("begins in the state {}, which no transition has", shown(state));
                return fault(format!("new-session[{index}]"), what);
            };
            if *weight > 0.0 {
                weights[usize::from(nodes[usize::from(node)].user_state)].push((*weight, node));
            }
        }
        let starts = weights.iter().map(|choices| cumulated(choices)).collect();
        let model = Model {
            nodes,
            starts,
            user_states,
            auths: shares(&self.auths),
            levels: shares(&self.levels),
            newcomer,
            alpha: self.alpha,
            beta: self.beta,
            session_gap: self.session_gap,
            seasonality: self.seasonality,
        };
        let odd = model.check()?;
        Ok((model, odd))
    }
}

impl Model {
    /// Finds users who could never begin a session, and sessions that could end where no other can begin.
    fn check(&self) -> Result<Vec<String>, Fault> {
        for (place, choices) in [("auths", &self.auths), ("levels", &self.levels)] {
            if choices.is_empty() {
                return fault(place, "has no entry with a weight");
            }
        }
        let mut reached: Vec<UserState> = Vec::new();
        for (_, auth) in &self.auths {
            for (_, level) in &self.levels {
                let user_state = self.user_state(auth, level).unwrap_or_default();
                if self.starts[usize::from(user_state)].is_empty() {
                    return fault("new-session", format!("has no entry for the users who are {auth} and {level} at first"));
                }
                reached.push(user_state);
            }
        }
        reached.push(self.newcomer);

        // Every state that can be reached from there.
        let (mut seen, mut odd) = (HashSet::new(), Vec::new());
        let mut known: HashSet<UserState> = reached.iter().copied().collect();
        while let Some(user_state) = reached.pop() {
            let mut open: Vec<u16> = self.starts[usize::from(user_state)].iter().map(|(_, node)| *node).collect();
            while let Some(number) = open.pop() {
                if !seen.insert(number) {
                    continue;
                }
                let node = &self.nodes[usize::from(number)];
                open.extend(node.next.iter().map(|(_, to)| *to));
                let ends = node.next.last().is_none_or(|(sum, _)| *sum < 1.0 - ROUNDING);
                if ends && !node.leaves && known.insert(node.user_state) {
                    reached.push(node.user_state);
                    let (auth, level) = &self.user_states[usize::from(node.user_state)];
                    if self.starts[usize::from(node.user_state)].is_empty() {
                        odd.push(format!("new-session has no entry for {auth} and {level}: users whose session ends in that state have no further session"));
                    }
                }
            }
        }
        let lost = self.nodes.iter().enumerate().filter(|(number, _)| !seen.contains(&(*number as u16)));
        odd.extend(lost.map(|(_, node)| format!("transitions: nothing leads to {}", shown(&node.state))));
        Ok(odd)
    }
}

fn cumulated(choices: &[(f64, u16)]) -> Chances {
    let total: f64 = choices.iter().map(|(weight, _)| weight).sum();
    let mut sum = 0.0;
    let mut chances: Chances = choices
        .iter()
        .map(|(weight, node)| {
            sum += weight;
            (sum / total, *node)
        })
        .collect();
    // One choice is taken, even if the sum is a little less than 1.
    if let Some(last) = chances.last_mut() {
        last.0 = 1.0;
    }
    chances
}

fn shares(weights: &[(String, f64)]) -> Vec<(f64, String)> {
    let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
    weights.iter().filter(|(_, weight)| *weight > 0.0).map(|(name, weight)| (weight / total, name.clone())).collect()
}

/// A state as messages show it.
fn shown(state: &State) -> String {
    format!("{} ({} {}, {}, {})", state.page, state.method, state.status, state.auth, state.level)
}
