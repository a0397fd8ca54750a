//! Where the domain controllers listen.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::lab::LabError;

/// Where one domain controller listens. Port 0 is any free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabAddresses {
    /// LDAP: sealed, or StartTLS.
    pub ldap: SocketAddr,
    /// LDAP with TLS from the first byte.
    pub ldaps: SocketAddr,
    /// The global catalog: sealed, or StartTLS.
    pub gc: SocketAddr,
    /// The global catalog with TLS from the first byte.
    pub gc_tls: SocketAddr,
    /// Kerberos over TCP.
    pub kdc: SocketAddr,
}

impl Default for LabAddresses {
    fn default() -> Self {
        let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self {
            ldap: any,
            ldaps: any,
            gc: any,
            gc_tls: any,
            kdc: any,
        }
    }
}

impl LabAddresses {
    fn each(&mut self) -> [&mut SocketAddr; 5] {
        let Self {
            ldap,
            ldaps,
            gc,
            gc_tls,
            kdc,
        } = self;
        [ldap, ldaps, gc, gc_tls, kdc]
    }
}

/// The sockets of one domain controller.
pub(crate) struct Listeners {
    pub(crate) addresses: LabAddresses,
    pub(crate) ldap: TcpListener,
    pub(crate) ldaps: TcpListener,
    pub(crate) gc: TcpListener,
    pub(crate) gc_tls: TcpListener,
    pub(crate) kdc: TcpListener,
}

/// Free ports are looked for so often: what is free on the first address may be taken on another.
const ATTEMPTS: usize = 32;

/// Listens for so many domain controllers: the first where it is told, the others on the addresses after it and the
/// same ports, as clients expect of domain controllers.
pub(crate) async fn listen(asked: LabAddresses, count: usize) -> Result<Vec<Listeners>, LabError> {
    let mut attempt = 1;
    loop {
        match listen_once(asked, count).await {
            Err(LabError::Listen { source, .. })
                if source.kind() == std::io::ErrorKind::AddrInUse
                    && count > 1
                    && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            done => return done,
        }
    }
}

async fn listen_once(asked: LabAddresses, count: usize) -> Result<Vec<Listeners>, LabError> {
    let first = listen_at(asked).await?;
    let mut next = first.addresses;
    let mut all = vec![first];
    while all.len() < count {
        next.each()
            .into_iter()
            .for_each(|address| address.set_ip(after(address.ip())));
        all.push(listen_at(next).await?);
    }
    Ok(all)
}

/// 127.0.0.2 is after 127.0.0.1.
fn after(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits().wrapping_add(1)).into(),
        IpAddr::V6(address) => {
            std::net::Ipv6Addr::from_bits(address.to_bits().wrapping_add(1)).into()
        }
    }
}

async fn listen_at(asked: LabAddresses) -> Result<Listeners, LabError> {
    let (ldap, ldaps) = (bind(asked.ldap).await?, bind(asked.ldaps).await?);
    let (gc, gc_tls) = (bind(asked.gc).await?, bind(asked.gc_tls).await?);
    let kdc = bind(asked.kdc).await?;
    let at = |listener: &TcpListener, asked: SocketAddr| listener.local_addr().unwrap_or(asked);
    let addresses = LabAddresses {
        ldap: at(&ldap, asked.ldap),
        ldaps: at(&ldaps, asked.ldaps),
        gc: at(&gc, asked.gc),
        gc_tls: at(&gc_tls, asked.gc_tls),
        kdc: at(&kdc, asked.kdc),
    };
    Ok(Listeners {
        addresses,
        ldap,
        ldaps,
        gc,
        gc_tls,
        kdc,
    })
}

async fn bind(address: SocketAddr) -> Result<TcpListener, LabError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| LabError::Listen { address, source })
}
