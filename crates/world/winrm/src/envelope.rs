//! SOAP requests of the shell ([MS-WSMV] 3.1.4.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The command shell ([MS-WSMV] 2.2.4, "cmd").
const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";
const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/";
const WINDOWS_SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/";
/// In bytes: what Windows allows at least (its default is 512,000).
pub(crate) const MAX_ENVELOPE: usize = 153_600;
/// Of a stream in one request, in bytes: as base64 it fits an envelope.
pub(crate) const MAX_CHUNK: usize = 64 * 1024;
/// How long the host may hold back an answer for want of output, in seconds.
pub(crate) const OPERATION_TIMEOUT: u64 = 20;
/// How long a shell without requests lives, in seconds: a lost one goes by itself.
const IDLE_TIMEOUT: u64 = 1800;

/// A request for one shell of one host.
pub(crate) struct Envelope<'a> {
    pub(crate) to: &'a str,
    /// `None` before there is one.
    pub(crate) shell: Option<&'a str>,
}

impl Envelope<'_> {
    pub(crate) fn create(&self) -> String {
        let body = format!(
            "<r:Shell><r:IdleTimeOut>PT{IDLE_TIMEOUT}.000S</r:IdleTimeOut><r:InputStreams>stdin</r:InputStreams>\
             <r:OutputStreams>stdout stderr</r:OutputStreams></r:Shell>"
        );
        let options = [("WINRS_NOPROFILE", "TRUE"), ("WINRS_CODEPAGE", "65001")];
        self.envelope(TRANSFER, "Create", &options, &body)
    }

    /// The program itself, without cmd.exe and without a console's handling of input.
    pub(crate) fn command(&self, program: &str, arguments: &[String]) -> String {
        let arguments: String = arguments
            .iter()
            .map(|argument| format!("<r:Arguments>{}</r:Arguments>", escaped(argument)))
            .collect();
        let body = format!(
            "<r:CommandLine><r:Command>{}</r:Command>{arguments}</r:CommandLine>",
            escaped(program)
        );
        let options = [
            ("WINRS_CONSOLEMODE_STDIN", "FALSE"),
            ("WINRS_SKIP_CMD_SHELL", "TRUE"),
        ];
        self.envelope(WINDOWS_SHELL, "Command", &options, &body)
    }

    pub(crate) fn send(&self, command: &str, bytes: &[u8], end: bool) -> String {
        let end = if end { " End=\"true\"" } else { "" };
        let body = format!(
            "<r:Send><r:Stream Name=\"stdin\" CommandId=\"{}\"{end}>{}</r:Stream></r:Send>",
            escaped(command),
            STANDARD.encode(bytes)
        );
        self.envelope(WINDOWS_SHELL, "Send", &[], &body)
    }

    pub(crate) fn receive(&self, command: &str) -> String {
        let body = format!(
            "<r:Receive><r:DesiredStream CommandId=\"{}\">stdout stderr</r:DesiredStream></r:Receive>",
            escaped(command)
        );
        self.envelope(
            WINDOWS_SHELL,
            "Receive",
            &[("WSMAN_CMDSHELL_OPTION_KEEPALIVE", "TRUE")],
            &body,
        )
    }

    pub(crate) fn terminate(&self, command: &str) -> String {
        let body = format!(
            "<r:Signal CommandId=\"{}\"><r:Code>{WINDOWS_SHELL}signal/terminate</r:Code></r:Signal>",
            escaped(command)
        );
        self.envelope(WINDOWS_SHELL, "Signal", &[], &body)
    }

    pub(crate) fn delete(&self) -> String {
        self.envelope(TRANSFER, "Delete", &[], "")
    }

    fn envelope(&self, space: &str, action: &str, options: &[(&str, &str)], body: &str) -> String {
        let options: String = options
            .iter()
            .map(|(name, value)| format!("<w:Option Name=\"{name}\">{value}</w:Option>"))
            .collect();
        let options = match options.as_str() {
            "" => String::new(),
            some => format!("<w:OptionSet>{some}</w:OptionSet>"),
        };
        let selectors = self.shell.map_or(String::new(), |shell| {
            let shell = escaped(shell);
            format!(
                "<w:SelectorSet><w:Selector Name=\"ShellId\">{shell}</w:Selector></w:SelectorSet>"
            )
        });
        format!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
             xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
             xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\" \
             xmlns:p=\"http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd\" \
             xmlns:r=\"http://schemas.microsoft.com/wbem/wsman/1/windows/shell\"><s:Header><a:To>{to}</a:To>\
             <a:ReplyTo><a:Address s:mustUnderstand=\"true\">\
             http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>\
             <a:Action s:mustUnderstand=\"true\">{space}{action}</a:Action>\
             <a:MessageID>uuid:{id}</a:MessageID>\
             <w:MaxEnvelopeSize s:mustUnderstand=\"true\">{MAX_ENVELOPE}</w:MaxEnvelopeSize>\
             <w:Locale xml:lang=\"en-US\" s:mustUnderstand=\"false\"/>\
             <p:DataLocale xml:lang=\"en-US\" s:mustUnderstand=\"false\"/>\
             <w:OperationTimeout>PT{OPERATION_TIMEOUT}.000S</w:OperationTimeout>\
             <w:ResourceURI s:mustUnderstand=\"true\">{SHELL}</w:ResourceURI>{selectors}{options}</s:Header>\
             <s:Body>{body}</s:Body></s:Envelope>",
            to = escaped(self.to),
            id = message_id(),
        )
    }
}

/// RFC 9562 section 5.4, "UUID Version 4".
fn message_id() -> String {
    let mut random = [0_u8; 16];
    // Without randomness all have one number: hosts do not compare them.
    let _ = getrandom::fill(&mut random);
    let number = u128::from_be_bytes(random) & !(0xf000 << 64) & !(0xc000 << 48)
        | 0x4000 << 64
        | 0x8000 << 48;
    let [a, b, c, d, e] = [
        number >> 96,
        number >> 80,
        number >> 64,
        number >> 48,
        number,
    ];
    let mask = |value: u128, digits: u32| value & ((1 << (4 * digits)) - 1);
    format!(
        "{:08X}-{:04X}-{:04X}-{:04X}-{:012X}",
        mask(a, 8),
        mask(b, 4),
        mask(c, 4),
        mask(d, 4),
        mask(e, 12)
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_chunk_fits_an_envelope() {
        let envelope = Envelope {
            to: "http://a-long-name.contoso.com:5985/wsman",
            shell: Some("S"),
        };
        assert!(envelope.send("C", &vec![0xff; MAX_CHUNK], false).len() < MAX_ENVELOPE);
    }

    #[test]
    fn arguments_stay_text() {
        let envelope = Envelope {
            to: "http://h:5985/wsman",
            shell: Some("a\"b"),
        };
        let text = envelope.command(r"C:\Program Files\a&b.exe", &["<x>".to_owned()]);
        let document = roxmltree::Document::parse(&text).unwrap();
        let text_of = |name: &str| {
            document
                .descendants()
                .find(|node| node.has_tag_name(name))
                .and_then(|node| node.text())
        };
        let shell = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
        let find = |name| {
            document
                .descendants()
                .find(|node| node.has_tag_name((shell, name)))
                .and_then(|node| node.text())
        };
        assert_eq!(find("Command"), Some(r"C:\Program Files\a&b.exe"));
        assert_eq!(find("Arguments"), Some("<x>"));
        assert_eq!(text_of("nothing"), None);
    }

    #[test]
    fn message_ids_are_uuids_of_version_4() {
        let id = message_id();
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4', "{id}");
        assert!(b"89AB".contains(&id.as_bytes()[19]), "{id}");
    }
}
