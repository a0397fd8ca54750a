use std::time::Duration;

use planner::database::questions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{World, ask};

/// Sends bytes and hears out what comes back, until the server hangs up or waits for more.
async fn sent(world: &World, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(world.server.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let ended = tokio::time::timeout(Duration::from_secs(30), reading).await;
    // A reset is an end too.
    assert!(ended.is_ok(), "the server does not hang up");
    answer
}

fn packet(kind: u8, status: u8, length: u16, payload: &[u8]) -> Vec<u8> {
    let [high, low] = length.to_be_bytes();
    [&[kind, status, high, low, 0, 0, 1, 0][..], payload].concat()
}

#[tokio::test]
async fn bytes_of_strangers_end_in_an_answer_or_the_end() {
    let world = World::new().await;
    let prelogin = [0, 0, 6, 0, 0, 0xFF];
    for bytes in [
        vec![],
        vec![0x12],
        packet(0x12, 1, 7, &[]),
        packet(0x99, 1, 8, &[]),
        packet(0x10, 1, 8, &[]),
        packet(0x12, 1, 9, &[0xFF]),
        packet(0x12, 1, 14, &prelogin),
        packet(0x12, 1, 13, &[9, 0xff, 0xff, 0xff, 0xff]),
        packet(0x12, 0, 65535, &vec![0; 65527]).repeat(20),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        [&[0x16, 3, 1, 0, 200][..], &[7; 200]].concat(),
    ] {
        let answer = sent(&world, &bytes).await;
        assert!(answer.len() < 100, "{bytes:02x?}: {answer:02x?}");
    }
    let mut client = world.administrator().await;
    assert_eq!(
        ask(&mut client, questions::SERVER, &[])
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn who_cannot_encrypt_is_told_and_sent_away() {
    let world = World::new().await;
    // ENCRYPT_NOT_SUP
    let offer = [1, 0, 6, 0, 1, 0xFF, 2];
    let answer = sent(&world, &packet(0x12, 1, 15, &offer)).await;
    assert_eq!(answer.last_chunk::<2>(), Some(&[3, 0]), "{answer:02x?}");
}
