//! The model that users follow: states, the transitions between them, where sessions begin, and the mean pauses.

use std::collections::HashMap;

use super::seasonality::Seasonality;

/// What a user does at one moment, as a log line describes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The page.
    pub page: String,
    /// Logged in, logged out, a guest, cancelled.
    pub auth: String,
    /// The HTTP status.
    pub status: u16,
    /// The HTTP method.
    pub method: String,
    /// Free or paid.
    pub level: String,
}

/// A chance with the sum of all before it, and what it leads to.
pub type Chances = Vec<(f64, u16)>;

/// What a user is: the number of a pair of auth and level in [`Model::user_states`].
pub type UserState = u16;

/// A state with what follows from it.
#[derive(Debug, Clone)]
pub struct Node {
    /// What the log says.
    pub state: State,
    /// Where it leads. What is missing to 1 ends the session.
    pub next: Chances,
    /// Its auth and level.
    pub user_state: UserState,
    /// A song is played here.
    pub plays: bool,
    /// It is entered a second after the one before.
    pub redirects: bool,
    /// Log lines say who the user is.
    pub shown: bool,
    /// A session that ends here is the user's last.
    pub leaves: bool,
}

/// The whole model.
#[derive(Debug, Clone)]
pub struct Model {
    /// All states.
    pub nodes: Vec<Node>,
    /// Where a session begins, by user state. Empty for a state in which none can.
    pub starts: Vec<Chances>,
    /// Each user state's auth and level.
    pub user_states: Vec<(String, String)>,
    /// The auths that users have at the beginning, with weights that add up to 1.
    pub auths: Vec<(f64, String)>,
    /// The levels that users have at the beginning, with weights that add up to 1.
    pub levels: Vec<(f64, String)>,
    /// The state of a new user.
    pub newcomer: UserState,
    /// Mean seconds between two events, over all users.
    pub alpha: f64,
    /// Mean seconds between two sessions, over all users.
    pub beta: f64,
    /// The least seconds between two sessions.
    pub session_gap: i64,
    /// How the day and the week move session starts.
    pub seasonality: Seasonality,
}

impl Model {
    /// The user state of an auth and a level, if the model has it.
    #[must_use]
    pub fn user_state(&self, auth: &str, level: &str) -> Option<UserState> {
        self.user_states.iter().position(|(a, l)| a == auth && l == level).map(|at| at as UserState)
    }

    /// The number of a state.
    #[must_use]
    pub fn find(&self, state: &State) -> Option<u16> {
        self.nodes.iter().position(|node| node.state == *state).map(|at| at as u16)
    }
}

/// Takes the first chance whose sum is above `draw`.
#[must_use]
pub fn take(chances: &[(f64, u16)], draw: f64) -> Option<u16> {
    chances.iter().find(|(sum, _)| draw < *sum).map(|(_, to)| *to)
}

/// Numbers states in the order in which they occur.
#[derive(Debug, Default)]
pub(super) struct States {
    numbers: HashMap<State, u16>,
    pub(super) list: Vec<State>,
}

impl States {
    pub(super) fn number(&mut self, state: State) -> u16 {
        let States { numbers, list } = self;
        *numbers.entry(state).or_insert_with_key(|state| {
            list.push(state.clone());
            (list.len() - 1) as u16
        })
    }

    pub(super) fn known(&self, state: &State) -> Option<u16> {
        self.numbers.get(state).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_taken_in_their_order_and_what_is_missing_ends_the_session() {
        let chances = vec![(0.25, 7), (0.5, 3), (0.9, 1)];
        for (draw, to) in [(0.0, Some(7)), (0.2499, Some(7)), (0.25, Some(3)), (0.6, Some(1)), (0.9, None), (0.99, None)] {
            assert_eq!(take(&chances, draw), to, "{draw}");
        }
    }
}
