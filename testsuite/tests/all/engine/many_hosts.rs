//! Discovery over many simulated hosts behind the real protocol, some of them dead or hanging; by a clock that only
//! moves while everybody waits.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use agent_protocol::{AccountName, ServiceName};
use async_trait::async_trait;
use engine::{HostQuestion, Manner, Questions, World, discover_with};
use hosts::{AgentError, ByteStream, Connect, EstateHosts, Transport};
use lab::hosts::app_pool::AppPool;
use lab::hosts::scheduled_task::ScheduledTask;
use lab::hosts::services::LabService;
use lab::hosts::{Fault, HostState, LabHost, Mishap, NoProducts, WindowsRelease, serve};
use lab::{Lab, LabSeed};
use model::host::PoolIdentity;
use model::inventory::Inventory;
use model::names::HostName;
use model::ports::Clock;

use super::fake_world::{FakeWorld, Supplied};
use super::scenario::Scenario;

const PATIENCE: Duration = Duration::from_secs(30);
const AT_ONCE: usize = 16;

/// What a host does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Fine,
    /// Nobody listens.
    Dead,
    /// It takes the question and never answers.
    Hangs,
}

/// Connections and messages, counted.
#[derive(Default)]
struct Counters {
    connections: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    sent: AtomicUsize,
}

/// A lab host in this process.
struct Way {
    host: Arc<LabHost>,
    health: Health,
    counters: Arc<Counters>,
}

struct Counted {
    stream: ByteStream<tokio::io::DuplexStream>,
    counters: Arc<Counters>,
}

#[async_trait]
impl Connect for Way {
    async fn connect(&self) -> Result<Box<dyn Transport>, AgentError> {
        let counters = Arc::clone(&self.counters);
        counters.connections.fetch_add(1, Ordering::Relaxed);
        let open = counters.open.fetch_add(1, Ordering::Relaxed) + 1;
        counters.most_open.fetch_max(open, Ordering::Relaxed);
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let (host, health) = (Arc::clone(&self.host), self.health);
        tokio::spawn(async move {
            match health {
                Health::Dead => drop(theirs),
                Health::Fine | Health::Hangs => drop(serve(&host, theirs).await),
            }
        });
        let stream = ByteStream::new(ours);
        Ok(Box::new(Counted { stream, counters }))
    }
}

#[async_trait]
impl Transport for Counted {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.counters.sent.fetch_add(1, Ordering::Relaxed);
        self.stream.send(bytes).await
    }

    async fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.stream.receive().await
    }

    async fn last_words(&mut self) -> String {
        String::new()
    }

    async fn close(&mut self) {
        self.stream.close().await;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.counters.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A directory, its hosts, and how often they were asked.
struct Estate {
    world: FakeWorld,
    lab: Lab,
    names: Vec<HostName>,
    counters: Arc<Counters>,
}

impl Estate {
    async fn of(count: usize) -> Self {
        let name = |number| format!("APP{number:04}").parse().unwrap();
        Self {
            world: Scenario::sync().world,
            lab: Lab::start(LabSeed::reference_estate(
                b"Lab-Admin-Pa55",
                b"Lab-Service-Pa55",
            ))
            .await
            .unwrap(),
            names: (0..count).map(name).collect(),
            counters: Arc::default(),
        }
    }

    fn host(&self, name: &HostName, health: Health, fill: impl Fn(&mut HostState)) -> Way {
        let mut state = HostState::new(name.clone(), WindowsRelease::server_2019());
        fill(&mut state);
        let host = Arc::new(LabHost::new(state, self.lab.domain(), Arc::new(NoProducts)));
        if health == Health::Hangs {
            host.inject(Fault {
                on: "list the services".to_owned(),
                after: 0,
                takes_effect: false,
                what: Mishap::Hangs,
            });
        }
        let counters = Arc::clone(&self.counters);
        Way {
            host,
            health,
            counters,
        }
    }

    fn ports(&self, health: impl Fn(usize) -> Health, fill: impl Fn(&mut HostState)) -> World {
        let clock: Arc<dyn Clock> = Arc::new(self.world.clone());
        let ways = self.names.iter().enumerate().map(|(at, name)| {
            let way: Box<dyn Connect> = Box::new(self.host(name, health(at), &fill));
            (name.clone(), way)
        });
        let hosts = Arc::new(EstateHosts::reached_by(ways, &clock));
        World {
            hosts,
            ..self.world.ports(&Supplied::default())
        }
    }

    async fn discover(&self, world: &World, known: Option<Inventory>) -> Inventory {
        let hosts = self.names.iter().map(|name| HostQuestion {
            name: name.clone(),
            dns_name: format!("{name}.contoso.com").parse().unwrap(),
            files: Vec::new(),
        });
        let questions = Questions {
            hosts: hosts.collect(),
            ..Questions::default()
        };
        let manner = Manner {
            at_once: AT_ONCE,
            patience: PATIENCE,
            known,
        };
        discover_with(world, &questions, &manner).await.unwrap()
    }
}

/// Every twentieth host is dead or hangs, by turns.
fn one_in_twenty(at: usize) -> Health {
    match at % 40 {
        7 => Health::Dead,
        27 => Health::Hangs,
        _ => Health::Fine,
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_hosts_with_dead_and_hanging_ones_are_all_accounted_for() {
    let estate = Estate::of(1_000).await;
    let begun = tokio::time::Instant::now();
    let found = estate
        .discover(&estate.ports(one_in_twenty, |_| {}), None)
        .await;

    assert_eq!(found.coverage.asked, estate.names);
    let answers = |at: &usize| one_in_twenty(*at) == Health::Fine;
    let fine: Vec<_> = (0..1_000)
        .filter(answers)
        .map(|at| estate.names[at].clone())
        .collect();
    assert_eq!(fine.len(), 950);
    assert_eq!(found.coverage.answered, fine);
    assert_eq!(found.hosts.len(), 950);
    let gaps: Vec<_> = found
        .coverage
        .gaps
        .iter()
        .filter(|gap| gap.subject.starts_with("APP"))
        .collect();
    assert_eq!(gaps.len(), 50, "{gaps:?}");
    assert_eq!(
        gaps.iter()
            .filter(|gap| gap.why.contains("no answer within 30 s"))
            .count(),
        25
    );
    assert_eq!(
        gaps.iter()
            .filter(|gap| gap.why.contains("closed the connection"))
            .count(),
        25
    );
    // Nobody waits longer than its patience: 25 waits, 16 at a time, end within three of them.
    assert!(begun.elapsed() <= 3 * PATIENCE, "{:?}", begun.elapsed());
    assert!(estate.counters.most_open.load(Ordering::Relaxed) <= AT_ONCE);
}

#[tokio::test(start_paused = true)]
async fn resumed_only_those_are_asked_that_did_not_answer() {
    let estate = Estate::of(80).await;
    let first = estate
        .discover(&estate.ports(one_in_twenty, |_| {}), None)
        .await;
    assert_eq!(first.coverage.answered.len(), 76);
    estate.counters.connections.store(0, Ordering::Relaxed);

    let second = estate
        .discover(&estate.ports(|_| Health::Fine, |_| {}), Some(first.clone()))
        .await;
    assert_eq!(estate.counters.connections.load(Ordering::Relaxed), 4);
    assert_eq!(second.coverage.answered, estate.names);
    assert!(
        second
            .coverage
            .gaps
            .iter()
            .all(|gap| !gap.subject.starts_with("APP"))
    );
    assert!(first.hosts.iter().all(|host| second.hosts.contains(host)));
}

/// One for what is there, one for the access lists of what runs there.
#[tokio::test(start_paused = true)]
async fn a_large_host_is_inventoried_in_two_exchanges_after_hello() {
    let estate = Estate::of(1).await;
    let account = || AccountName::parse(r"CONTOSO\svc-mimsync").unwrap();
    let fill = |state: &mut HostState| {
        for number in 0..300 {
            let name = ServiceName::parse(format!("App{number}")).unwrap();
            let service = LabService::new(name, "An application", r"C:\App\app.exe", account());
            state.services.insert(service);
        }
        let tasks = (0..40).map(|number| ScheduledTask::new(&format!(r"\App\{number}"), account()));
        state.tasks = tasks.collect();
        let pool = |number| AppPool {
            name: format!("Pool {number}"),
            identity: PoolIdentity::SpecificUser(account()),
            stored: None,
            started: true,
            site: Some(format!("Site {number}")),
            physical_path: Some(format!(r"C:\inetpub\{number}")),
            bindings: Vec::new(),
        };
        state.app_pools = (0..20).map(pool).collect();
    };
    let found = estate
        .discover(&estate.ports(|_| Health::Fine, fill), None)
        .await;
    let host = &found.hosts[0];
    assert_eq!(host.services.len(), 300);
    assert_eq!(host.app_pools.len(), 20);
    assert_eq!(host.tasks.len(), 40);
    assert_eq!(host.tasks[7].path.as_str(), r"\App\7");
    assert_eq!(host.tasks[7].account, host.services[0].logon_account);
    assert_eq!(estate.counters.connections.load(Ordering::Relaxed), 1);
    assert_eq!(estate.counters.sent.load(Ordering::Relaxed), 3);
}
