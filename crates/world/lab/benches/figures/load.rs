//! Load: searches that were encoded before, over LDAPS on a few connections, a bounded number under way on each.
//!
//! One thread for all connections, which only counts answers: its own cost stays below every server's, and is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::requests::{self, Answer, Kind};

/// Searches that are encoded; their message IDs differ.
const POOL: usize = 4_096;

/// Where to, who, what and how much.
pub struct Options {
    address: SocketAddr,
    /// The server's name in its certificate, and the file with the authority's.
    host: String,
    authority: String,
    name: String,
    password_file: String,
    base: String,
    users: usize,
    connections: usize,
    /// Searches under way on each connection.
    window: usize,
    /// For each kind of search.
    duration: Duration,
}

impl Options {
    /// `ADDRESS HOST CA-FILE NAME PASSWORD-FILE BASE USERS CONNECTIONS WINDOW MILLISECONDS`
    pub fn parse(words: &[&str]) -> Self {
        let [
            address,
            host,
            authority,
            name,
            password_file,
            base,
            users,
            connections,
            window,
            milliseconds,
        ] = words
        else {
            panic!("load takes ten words, not {words:?}");
        };
        Self {
            address: address.parse().unwrap(),
            host: (*host).to_owned(),
            authority: (*authority).to_owned(),
            name: (*name).to_owned(),
            password_file: (*password_file).to_owned(),
            base: (*base).to_owned(),
            users: users.parse().unwrap(),
            connections: connections.parse().unwrap(),
            window: window.parse().unwrap(),
            duration: Duration::from_millis(milliseconds.parse().unwrap()),
        }
    }
}

pub fn run(options: &Options) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..options.connections {
            streams.push(log_on(options).await);
        }
        for kind in Kind::EVERYWHERE {
            let pool = Arc::new(pool(options, kind));
            let (began, cpu) = (Instant::now(), cpu_seconds());
            let until = began + options.duration;
            let mut tasks = tokio::task::JoinSet::new();
            for (number, stream) in streams.drain(..).enumerate() {
                let first = number * POOL / options.connections;
                tasks.spawn(search_until(until, stream, Arc::clone(&pool), first, options.window));
            }
            let mut searches = 0;
            while let Some(ended) = tasks.join_next().await {
                let (stream, count) = ended.unwrap();
                streams.push(stream);
                searches += count;
            }
            println!(
                r#"{{"kind": "{}", "searches": {searches}, "seconds": {:.4}, "client_cpu": {:.2}}}"#,
                kind.name(),
                began.elapsed().as_secs_f64(),
                cpu_seconds() - cpu,
            );
        }
    });
}

async fn log_on(options: &Options) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&options.authority).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(options.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let host = ServerName::try_from(options.host.clone()).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(host, stream).await.unwrap();
    let password = std::fs::read(&options.password_file).unwrap();
    let bind = requests::bind(1, &options.name, password.trim_ascii_end());
    stream.write_all(&bind).await.unwrap();
    let mut received = Vec::new();
    let answer = loop {
        stream.read_buf(&mut received).await.unwrap();
        if let Some((answer, _)) = requests::first_answer(&received) {
            break answer;
        }
    };
    assert_eq!(answer, Answer::Result(0), "{} cannot log on", options.name);
    stream
}

fn pool(options: &Options, kind: Kind) -> Vec<Vec<u8>> {
    let request = |number: usize| {
        let id = u32::try_from(number + 1).unwrap();
        let user = number * 7919 % options.users;
        requests::search(kind, id, &options.base, user, &[])
    };
    (0..POOL).map(request).collect()
}

/// Keeps `window` searches under way until the time is over, then takes what is still to come; every search must
/// find one entry.
async fn search_until(
    until: Instant,
    mut stream: TlsStream<TcpStream>,
    pool: Arc<Vec<Vec<u8>>>,
    first: usize,
    window: usize,
) -> (TlsStream<TcpStream>, usize) {
    let mut requests = pool.iter().cycle().skip(first);
    let (mut under_way, mut done, mut entries) = (0, 0, 0);
    let mut received = Vec::with_capacity(1 << 16);
    loop {
        if Instant::now() < until {
            let more = requests.by_ref().take(window - under_way);
            let batch = more.map(Vec::as_slice).collect::<Vec<_>>().concat();
            under_way = window;
            stream.write_all(&batch).await.unwrap();
            stream.flush().await.unwrap();
        } else if under_way == 0 {
            break;
        }
        let count = stream.read_buf(&mut received).await.unwrap();
        assert!(count > 0, "the server closed the connection");
        let mut taken = 0;
        while let Some((answer, length)) =
            requests::first_answer(received.get(taken..).unwrap_or_default())
        {
            taken += length;
            match answer {
                Answer::Entry => entries += 1,
                Answer::Result(code) => {
                    assert_eq!(code, 0, "a search failed");
                    under_way -= 1;
                    done += 1;
                }
                Answer::Other => {}
            }
        }
        received.drain(..taken);
    }
    assert_eq!(entries, done, "every search finds one entry");
    (stream, done)
}

/// User and system time of this process: fields 14 and 15 of proc_pid_stat(5), in hundredths of a second.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum::<f64>()
        / 100.0
}
