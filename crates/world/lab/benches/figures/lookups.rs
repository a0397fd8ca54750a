//! Searches by indexed attributes, without a network between: among 1,000 objects and among 100,000.

use std::time::{Duration, Instant};

use lab::in_memory::{InMemory, Peer};

use crate::content;
use crate::requests::{self, Kind};

const FEW: usize = 1_000;
const MANY: usize = 100_000;
const LOOKUPS: usize = 2_000;
const ROUNDS: usize = 9;

pub fn run() {
    let base = "DC=contoso,DC=com";
    let labs = [FEW, MANY].map(|users| (InMemory::new(&content::seed(users)).unwrap(), users));
    for kind in [Kind::ByName, Kind::BySpn, Kind::BySid] {
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..ROUNDS {
            // Alternately, so that what else the machine does hits both alike.
            for ((lab, users), times) in labs.iter().zip(&mut times) {
                let requests: Vec<u8> = (0..LOOKUPS)
                    .flat_map(|number| {
                        let user = (round * LOOKUPS + number) * 7919 % users;
                        let sid = lab.sid_of(&format!("user{user}")).unwrap_or_default();
                        requests::search(kind, 1, base, user, &sid)
                    })
                    .collect();
                let began = Instant::now();
                let answers = lab.directory_answers(Peer::Administrator, &requests);
                times.push(began.elapsed());
                assert_eq!(requests::entries(&answers), LOOKUPS, "{kind:?}");
            }
        }
        let [few, many] = times.map(|times| micros(median(times)) / LOOKUPS as f64);
        println!(
            r#"{{"lookup": "{}", "few": {FEW}, "few_us": {few:.2}, "many": {MANY}, "many_us": {many:.2}}}"#,
            kind.name()
        );
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
