//! Where a named instance listens: the SQL Server Browser ([MC-SQLR]), UDP 1434.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::error::Error;

/// Where it listens.
pub const PORT: u16 = 1434;
/// [MC-SQLR] 2.2.3, "CLNT_UCAST_INST".
const ASK_FOR_INSTANCE: u8 = 0x04;
/// [MC-SQLR] 2.2.5, "SVR_RESP": a byte, the length, the text.
const ANSWER: u8 = 0x05;
/// Longest answer about one instance.
const MAX_ANSWER: usize = 1024 + 3;
/// Datagrams get lost: how often it is asked, and how long each answer may take.
const ATTEMPTS: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(1);

/// The TCP port of an instance.
///
/// # Errors
/// [`Error::Browser`] says why it is not known.
pub async fn port_of(server: &str, browser: SocketAddr, instance: &str) -> Result<u16, Error> {
    let failed = |detail: String| Error::Browser {
        server: server.to_owned(),
        instance: instance.to_owned(),
        detail,
    };
    let any = match browser.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let ask = async {
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(browser).await?;
        let question = [&[ASK_FOR_INSTANCE][..], instance.as_bytes(), &[0]].concat();
        for _ in 0..ATTEMPTS {
            socket.send(&question).await?;
            let mut answer = [0; MAX_ANSWER];
            if let Ok(received) = timeout(PATIENCE, socket.recv(&mut answer)).await {
                let length = received?;
                return Ok(answer.get(..length).unwrap_or_default().to_vec());
            }
        }
        Err(std::io::ErrorKind::TimedOut.into())
    };
    let answer = ask
        .await
        .map_err(|error: std::io::Error| failed(error.to_string()))?;
    port_in(&answer, instance).map_err(|why| failed(why.to_owned()))
}

/// `ServerName;…;InstanceName;…;IsClustered;…;Version;…;tcp;PORT;;`
fn port_in(answer: &[u8], instance: &str) -> Result<u16, &'static str> {
    let text = match answer {
        [ANSWER, _, _, text @ ..] => String::from_utf8_lossy(text),
        _ => return Err("its answer is not understood"),
    };
    let words: Vec<&str> = text.split(';').collect();
    let value = |name: &str| {
        let mut pairs = words.chunks(2);
        pairs.find_map(|pair| match pair {
            [key, value] if key.eq_ignore_ascii_case(name) => Some(*value),
            _ => None,
        })
    };
    if !value("InstanceName").is_some_and(|name| name.eq_ignore_ascii_case(instance)) {
        return Err("it answers for another instance");
    }
    let port = value("tcp").ok_or("the instance does not listen on TCP")?;
    port.parse().map_err(|_| "its answer is not understood")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Vec<u8> {
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        [&[ANSWER][..], &length, text.as_bytes()].concat()
    }

    #[test]
    fn the_port_stands_behind_tcp() {
        let text = "ServerName;SQL01;InstanceName;MIM;IsClustered;No;Version;15.0.2000.5;tcp;51433;np;\\\\SQL01\\pipe\\x;;";
        assert_eq!(port_in(&answer(text), "mim"), Ok(51433));
        assert!(port_in(&answer(text), "OTHER").is_err());
        assert!(port_in(&answer("InstanceName;MIM;np;x;;"), "MIM").is_err());
        assert!(port_in(&answer("InstanceName;MIM;tcp;99999;;"), "MIM").is_err());
        for wrong in [&b""[..], b"\x05", b"\x04abc", b"\x05\x00\x00\xff\xfe"] {
            assert!(port_in(wrong, "MIM").is_err());
        }
    }

    #[tokio::test]
    async fn it_is_asked_by_datagram() {
        let browser = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = browser.local_addr().unwrap();
        let asked = tokio::spawn(async move { port_of("SQL01", address, "MIM").await });
        let mut question = [0; 64];
        let (length, client) = browser.recv_from(&mut question).await.unwrap();
        assert_eq!(&question[..length], b"\x04MIM\0");
        let reply = answer("ServerName;SQL01;InstanceName;MIM;tcp;1500;;");
        browser.send_to(&reply, client).await.unwrap();
        assert_eq!(asked.await.unwrap().unwrap(), 1500);
    }
}
