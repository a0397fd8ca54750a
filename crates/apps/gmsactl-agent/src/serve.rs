//! The loop: frames in, frames out.

use std::io::{self, Read, Write};

use agent_protocol::{Answer, Decoder, Failure, FrameError, Reply, Request, Secret, Session};
use zeroize::Zeroizing;

/// Serves one client until its input ends.
///
/// # Errors
/// When a pipe breaks, or the input is no frame: then the client is told so first.
pub fn serve(
    mut input: impl Read,
    mut output: impl Write,
    mut handle: impl FnMut(Request, Secret) -> Result<Reply, Failure>,
) -> io::Result<()> {
    let mut session = Session::new(env!("CARGO_PKG_VERSION"), std::env::consts::OS);
    let mut decoder = Decoder::default();
    // Secrets pass through here.
    let mut buffer = Zeroizing::new(vec![0; 64 << 10]);
    loop {
        let count = match input.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return decoder.finish().map_err(not_understood);
        };
        let frames = match decoder.push(bytes) {
            Ok(frames) => frames,
            Err(error) => {
                send(&mut output, &session.refuse(&error))?;
                return Err(not_understood(error));
            }
        };
        for frame in frames {
            let answer = session.answer(frame, &mut handle);
            send(&mut output, &answer)?;
            if answer.last {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a frame was not understood",
                ));
            }
        }
    }
}

fn send(output: &mut impl Write, answer: &Answer) -> io::Result<()> {
    output.write_all(&answer.frame.to_bytes())?;
    output.flush()
}

fn not_understood(error: FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use agent_protocol::{
        AgentBody, AgentMessage, ClientBody, ClientHello, ClientMessage, Frame, PROTOCOL_VERSION,
    };

    use super::*;

    fn hello() -> Vec<u8> {
        let hello = ClientHello {
            protocol: PROTOCOL_VERSION,
            client_version: "test".into(),
        };
        let message = ClientMessage {
            id: 1,
            body: ClientBody::Hello(hello),
        };
        Frame::of(&message, Secret::none())
            .unwrap()
            .to_bytes()
            .to_vec()
    }

    fn answers(input: &[u8]) -> (Vec<AgentBody>, io::Result<()>) {
        let mut output = Vec::new();
        let ended = serve(input, &mut output, |_, _| Ok(Reply::Done));
        let frames = Decoder::default().push(&output).unwrap();
        (
            frames
                .iter()
                .map(|frame| frame.message::<AgentMessage>().unwrap().body)
                .collect(),
            ended,
        )
    }

    #[test]
    fn ends_with_its_input() {
        let (said, ended) = answers(&[hello(), hello()].concat());
        assert!(matches!(
            said.as_slice(),
            [AgentBody::Hello(_), AgentBody::Hello(_)]
        ));
        assert!(ended.is_ok());
    }

    #[test]
    fn an_input_that_ends_inside_a_frame_is_an_error() {
        let mut input = hello();
        input.pop();
        let (said, ended) = answers(&input);
        assert!(said.is_empty());
        assert_eq!(
            ended.unwrap_err().to_string(),
            "frame ends before its announced length"
        );
    }

    #[test]
    fn garbage_is_refused_and_ends_the_session() {
        let (said, ended) = answers(b"GET / HTTP/1.1\r\n\r\n");
        let [AgentBody::Failed(failure)] = said.as_slice() else {
            panic!("{said:?}")
        };
        assert!(
            failure.message.contains("starts with \"GET / HT\""),
            "{failure}"
        );
        assert!(ended.is_err());

        let garbled = Frame {
            header: b"{\"id\":1}".to_vec(),
            secret: Secret::none(),
        };
        let (said, ended) = answers(&[garbled.to_bytes().to_vec(), hello()].concat());
        assert!(
            matches!(said.as_slice(), [AgentBody::Failed(_)]),
            "{said:?}"
        );
        assert!(ended.is_err());
    }
}
