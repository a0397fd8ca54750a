//! Serving hosts: the agent's frames over any stream, and over loopback TCP for all hosts of a lab.
//!
//! A TCP connection begins with one line, the name of the host that it wants; the agent's frames follow.
//! That line is to this carrier what the subsystem's name is to ssh: no frame knows of it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agent_protocol::{Decoder, Session};
use model::names::HostName;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use zeroize::Zeroizing;

use super::lab_host::{Delivery, LabHost};
use crate::visitors::{Budget, Pulse, Share, Visitors, accept};

/// Connections at a time.
const CONNECTIONS: usize = 1_024;
/// At most so much is read at a time.
const READ: usize = 16 << 10;
/// Longest first line, in bytes.
const NAME_LIMIT: u64 = 64;
/// How long a client may take to say which host it wants, to end a frame that it began, and to take an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serves one client until it closes, or the host goes away.
///
/// # Errors
/// When the stream breaks, or what comes is no frame: then the client is told so first.
pub async fn serve(host: &LabHost, stream: impl AsyncRead + AsyncWrite + Send) -> io::Result<()> {
    serve_guest(host, stream, Budget::default().share(), &Pulse::default()).await
}

/// The same, for one of many: what it sends is bounded together with the others.
async fn serve_guest(
    host: &LabHost,
    stream: impl AsyncRead + AsyncWrite + Send,
    mut share: Share,
    pulse: &Pulse,
) -> io::Result<()> {
    let (mut input, mut output) = tokio::io::split(stream);
    let mut session = Session::new(env!("CARGO_PKG_VERSION"), "windows");
    let mut decoder = Decoder::default();
    let mut buffer = Zeroizing::new(vec![0; READ]);
    let mut deadline = None; // Of the frame that has begun.
    loop {
        let count = match deadline {
            Some(deadline) => timeout_at(deadline, input.read(&mut buffer)).await??,
            None => input.read(&mut buffer).await?,
        };
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return decoder.finish().map_err(not_understood);
        };
        let frames = match decoder.push(bytes) {
            Ok(frames) => frames,
            Err(error) => {
                send(&mut output, &session.refuse(&error).frame.to_bytes()).await?;
                return Err(not_understood(error));
            }
        };
        share
            .keep(decoder.pending())
            .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        deadline = match decoder.pending() {
            0 => None,
            _ if frames.is_empty() && deadline.is_some() => deadline,
            _ => Some(Instant::now() + PATIENCE),
        };
        for frame in frames {
            pulse.beat(true);
            if !host.is_up() {
                return Ok(());
            }
            let mut delivery = Delivery::Now;
            let answer = session.answer(frame, |request, secret| {
                let (reply, how) = host.serve(request, &secret);
                // In a batch, the first mishap decides.
                if delivery == Delivery::Now {
                    delivery = how;
                }
                reply
            });
            match delivery {
                Delivery::Now => {}
                Delivery::Late(by) => sleep(by).await,
                Delivery::Never => return until_closed(&mut input, &mut buffer).await,
                Delivery::Cut => return Ok(()),
            }
            send(&mut output, &answer.frame.to_bytes()).await?;
            if answer.last {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a frame was not understood",
                ));
            }
        }
    }
}

/// All hosts of a lab behind one loopback port; dropped, it closes every connection.
pub struct HostServer {
    address: SocketAddr,
    hosts: Hosts,
    _tasks: JoinSet<()>,
}

/// The hosts by name, shared with the connections.
#[derive(Clone)]
struct Hosts(Arc<Mutex<BTreeMap<HostName, Arc<LabHost>>>>);

impl Hosts {
    fn find(&self, name: &HostName) -> Option<Arc<LabHost>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }
}

impl HostServer {
    /// Listens on a loopback port; 0 lets the system choose one.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn listen(
        hosts: impl IntoIterator<Item = Arc<LabHost>>,
        port: u16,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let by_name = hosts
            .into_iter()
            .map(|host| (host.name().clone(), host))
            .collect();
        let hosts = Hosts(Arc::new(Mutex::new(by_name)));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_all(listener, hosts.clone()));
        Ok(Self {
            address,
            hosts,
            _tasks: tasks,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All hosts, by name.
    pub fn hosts(&self) -> Vec<Arc<LabHost>> {
        let hosts = self.hosts.0.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.values().cloned().collect()
    }

    /// The host of that name.
    pub fn host(&self, name: &HostName) -> Option<Arc<LabHost>> {
        self.hosts.find(name)
    }
}

/// Connects to a host of a lab: what a carrier of frames does first.
///
/// # Errors
/// When nobody listens there. A host that is unknown or off closes the connection.
pub async fn connect(lab: SocketAddr, host: &HostName) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(lab).await?;
    stream.set_nodelay(true)?;
    stream.write_all(format!("{host}\n").as_bytes()).await?;
    Ok(stream)
}

/// Carries frames between a host of a lab and this process's own streams: the body of a command that stands
/// in for the agent, for carriers that start a process.
///
/// Ends with the host's side, as an agent would that was cut off. A process has to exit then: a read of its
/// standard input may still wait.
///
/// # Errors
/// As [`connect`], and when a stream breaks.
pub async fn relay(
    lab: SocketAddr,
    host: &HostName,
    mut input: impl AsyncRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let (mut from_host, mut to_host) = connect(lab, host).await?.into_split();
    let forward = async {
        tokio::io::copy(&mut input, &mut to_host).await?;
        to_host.shutdown().await?;
        std::future::pending::<io::Result<()>>().await // What the host still says is to arrive.
    };
    let back = async {
        tokio::io::copy(&mut from_host, &mut output).await?;
        output.flush().await
    };
    tokio::select! {
        ended = forward => ended,
        ended = back => ended,
    }
}

async fn serve_all(listener: TcpListener, hosts: Hosts) {
    let mut visitors = Visitors::new(CONNECTIONS);
    let budget = Budget::default();
    loop {
        let stream = accept(&listener).await;
        let (hosts, share) = (hosts.clone(), budget.share());
        visitors.admit(|pulse| async move {
            if let Err(error) = greet(stream, &hosts, share, &pulse).await {
                tracing::debug!(%error, "a client of a lab host was cut off");
            }
        });
    }
}

async fn greet(stream: TcpStream, hosts: &Hosts, share: Share, pulse: &Pulse) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    timeout(
        PATIENCE,
        (&mut stream).take(NAME_LIMIT).read_line(&mut line),
    )
    .await??;
    let host = line
        .trim_end()
        .parse()
        .ok()
        .and_then(|name| hosts.find(&name));
    match host {
        Some(host) if host.is_up() => serve_guest(&host, stream, share, pulse).await,
        _ => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "no such host, or it is off",
        )),
    }
}

/// A client that does not take its answers is cut off.
async fn send(output: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    timeout(PATIENCE, async {
        output.write_all(bytes).await?;
        output.flush().await
    })
    .await?
}

/// Reads and forgets what comes until the client closes.
async fn until_closed(input: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> io::Result<()> {
    while input.read(buffer).await? > 0 {}
    Ok(())
}

fn not_understood(error: agent_protocol::FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
