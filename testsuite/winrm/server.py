"""A WinRM server for tests: the command shell of [MS-WSMV] over HTTP, sealed by NTLM or Kerberos.

Runs the programs of its shells on this machine, as whoever started it; so it listens on loopback only, and lets in
only who is in NTLM_USER_FILE or has a ticket for the keys in KRB5_KTNAME. A program on a drive, such as C:\\a.exe, is
left to the cmd.exe in PATH to start: on the rig that is Wine's. Prints its port, then serves until its stdin is
closed.

    server.py HOST [--certificate FILE]      HTTPS, without a seal of its own, where a certificate and key are given
"""

import base64
import hashlib
import http.server
import os
import re
import ssl
import subprocess
import sys
import threading
import uuid
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape

import spnego
import spnego.channel_bindings

SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
ADDRESSING = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
WSMAN = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
SHELL = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
SHELL_URI = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
TIMED_OUT, NOT_FOUND, TOO_MANY = 0x80338029, 0x8033805B, 0x803381A5
MAX_SHELLS = 5
# Of one answer, in bytes: what a host of the default envelope size sends.
MAX_OUTPUT = 60000


class Refused(Exception):
    def __init__(self, subcode, code, text):
        super().__init__(text)
        self.subcode, self.code = subcode, code


class Command:
    def __init__(self, line):
        self.process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.changed = threading.Condition()
        self.output = {"stdout": b"", "stderr": b""}
        self.open = {"stdout", "stderr"}
        for name in list(self.open):
            threading.Thread(target=self.read, args=(name,), daemon=True).start()

    def read(self, name):
        stream = getattr(self.process, name)
        while piece := stream.read1(65536):
            with self.changed:
                self.output[name] += piece
                self.changed.notify_all()
        with self.changed:
            self.open.discard(name)
            self.changed.notify_all()

    def take(self, limit):
        """What has come; (None, …) when nothing came within the limit, in seconds."""
        with self.changed:
            self.changed.wait_for(lambda: any(self.output.values()) or not self.open, limit)
            taken = {}
            for name, piece in self.output.items():
                taken[name], self.output[name] = piece[:MAX_OUTPUT], piece[MAX_OUTPUT:]
            done = not self.open and not any(self.output.values())
        return taken, self.process.wait() if done else None

    def write(self, piece, end):
        try:
            self.process.stdin.write(piece)
            self.process.stdin.flush()
            if end:
                self.process.stdin.close()
        except (BrokenPipeError, ValueError):
            raise Refused("InternalError", 109, "The pipe has been ended.") from None

    def end(self):
        if self.process.poll() is None:
            self.process.kill()


class Host:
    """The shells, each its user's."""

    def __init__(self):
        self.lock = threading.Lock()
        self.shells = {}

    def answer(self, user, envelope):
        root = ElementTree.fromstring(envelope)
        header, body = root.find(f"{SOAP}Header"), root.find(f"{SOAP}Body")
        action = header.findtext(f"{ADDRESSING}Action").strip()
        message = header.findtext(f"{ADDRESSING}MessageID").strip()
        try:
            resource = header.findtext(f"{WSMAN}ResourceURI").strip()
            if resource != f"{SHELL_URI}/cmd":
                raise Refused("InvalidResourceURI", 0x80338000, "The resource is not known.")
            content = self.act(user, action, header, body)
            return 200, soap(f"{action}Response", message, content)
        except Refused as refusal:
            return 500, soap(f"{ADDRESSING[1:-1]}/fault", message, fault(refusal))

    def act(self, user, action, header, body):
        options = {o.get("Name"): o.text for o in header.iter(f"{WSMAN}Option")}
        if action == f"{TRANSFER}/Create":
            return self.create(user)
        shell_id = next((s.text for s in header.iter(f"{WSMAN}Selector") if s.get("Name") == "ShellId"), None)
        with self.lock:
            owner, commands = self.shells.get(shell_id, (None, None))
        if owner != user:
            raise Refused("InvalidSelectors", NOT_FOUND, "There is no such shell of this user.")
        if action == f"{TRANSFER}/Delete":
            with self.lock:
                self.shells.pop(shell_id, None)
            for command in commands.values():
                command.end()
            return ""
        verb = action.removeprefix(f"{SHELL_URI}/")
        if verb == "Command":
            return self.start(commands, options, body)
        node = body[0] if verb == "Signal" else body[0][0]
        command = commands.get(node.get("CommandId"))
        if command is None:
            raise Refused("InvalidSelectors", NOT_FOUND, "There is no such command in this shell.")
        if verb == "Send":
            command.write(base64.b64decode(node.text or ""), node.get("End", "").lower() == "true")
            return "<r:SendResponse/>"
        if verb == "Receive":
            return receive(command, node, header)
        if verb == "Signal":
            command.end()
            return "<r:SignalResponse/>"
        raise Refused("ActionNotSupported", 0x80338010, f"{action} is not supported.")

    def create(self, user):
        with self.lock:
            if sum(owner == user for owner, _ in self.shells.values()) >= MAX_SHELLS:
                raise Refused("QuotaLimit", TOO_MANY, "The user has too many shells.")
            shell_id = str(uuid.uuid4()).upper()
            self.shells[shell_id] = (user, {})
        return (
            "<x:ResourceCreated><a:Address>here</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{SHELL_URI}/cmd</w:ResourceURI><w:SelectorSet>"
            f'<w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
            f"</x:ResourceCreated><r:Shell><r:ShellId>{shell_id}</r:ShellId>"
            "<r:InputStreams>stdin</r:InputStreams><r:OutputStreams>stdout stderr</r:OutputStreams></r:Shell>"
        )

    def start(self, commands, options, body):
        line = [body[0].findtext(f"{SHELL}Command").strip()]
        line += [argument.text or "" for argument in body[0].findall(f"{SHELL}Arguments")]
        if re.match(r"[A-Za-z]:\\", line[0]):
            line = ["cmd.exe", "/c", *line]
        elif options.get("WINRS_SKIP_CMD_SHELL", "FALSE").upper() != "TRUE":
            line = ["/bin/sh", "-c", " ".join(line)]
        command_id = str(uuid.uuid4()).upper()
        try:
            commands[command_id] = Command(line)
        except OSError as error:
            raise Refused("InternalError", 2, f"The system cannot find the file specified. {error}") from None
        return f"<r:CommandResponse><r:CommandId>{command_id}</r:CommandId></r:CommandResponse>"


def receive(command, node, header):
    wanted = (node.text or "").split()
    limit = re.fullmatch(r"PT([0-9.]+)S", header.findtext(f"{WSMAN}OperationTimeout") or "PT60S")
    streams, code = command.take(float(limit[1]))
    if code is None and not any(streams.values()):
        raise Refused("TimedOut", TIMED_OUT, "The operation did not complete within the time specified.")
    command_id = escape(node.get("CommandId"))
    content = "".join(
        f'<r:Stream Name="{name}" CommandId="{command_id}">{base64.b64encode(streams[name]).decode()}</r:Stream>'
        for name in wanted
        if streams[name]
    )
    state = "Running" if code is None else "Done"
    exit_code = "" if code is None else f"<r:ExitCode>{code}</r:ExitCode>"
    content += f'<r:CommandState CommandId="{command_id}" State="{SHELL_URI}/CommandState/{state}">{exit_code}</r:CommandState>'
    return f"<r:ReceiveResponse>{content}</r:ReceiveResponse>"


def soap(action, relates_to, content):
    return (
        f'<s:Envelope xmlns:s="{SOAP[1:-1]}" xmlns:a="{ADDRESSING[1:-1]}" xmlns:w="{WSMAN[1:-1]}" xmlns:r="{SHELL_URI}"'
        f' xmlns:x="{TRANSFER}" xml:lang="en-US"><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID><a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header>"
        f"<s:Body>{content}</s:Body></s:Envelope>"
    ).encode()


def fault(refusal):
    text = escape(str(refusal))
    return (
        f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:{refusal.subcode}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="en-US">{text}</s:Text></s:Reason><s:Detail>'
        f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{refusal.code}" '
        f'Machine="test"><f:Message>{text}</f:Message></f:WSManFault></s:Detail></s:Fault>'
    )


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    name, host, tls, bindings = None, None, False, None

    def setup(self):
        super().setup()
        self.context = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        challenge = None
        if scheme in ("Negotiate", "Kerberos"):
            try:
                challenge = self.step(base64.b64decode(token))
            except spnego.exceptions.SpnegoError as error:
                print("refused:", error, file=sys.stderr)
                self.context = None
                return self.reply(401, b"", challenge="Negotiate")
            challenge = f"{scheme} {base64.b64encode(challenge).decode()}" if challenge else None
        if self.context is None or not self.context.complete:
            return self.reply(401, b"", challenge=challenge or "Negotiate")
        if not body:
            return self.reply(200, b"", challenge=challenge)
        kind = self.headers.get("Content-Type", "")
        sealed = kind.startswith("multipart/encrypted")
        if sealed == self.tls:
            return self.reply(400, b"", challenge=None)
        plain = self.unseal(body) if sealed else body
        status, answer = self.host.answer(self.context.client_principal, plain)
        if not sealed:
            return self.reply(status, answer, kind="application/soap+xml;charset=UTF-8")
        protocol = re.search(r'protocol="([^"]+)"', kind)[1]
        return self.reply(status, self.seal(answer, protocol), kind=kind.split(",")[0])

    def step(self, token):
        if self.context is None or self.context.complete:
            self.context = spnego.server(
                hostname=self.name, service="HTTP", protocol="negotiate", channel_bindings=self.bindings
            )
        return self.context.step(token)

    def unseal(self, body):
        plain = b""
        for part in body.split(b"\tContent-Type: application/octet-stream\r\n")[1:]:
            part = part[: part.rindex(b"--Encrypted Boundary")]
            length = int.from_bytes(part[:4], "little")
            plain += self.context.unwrap_winrm(part[4 : 4 + length], part[4 + length :])
        return plain

    def seal(self, plain, protocol):
        sealed = self.context.wrap_winrm(plain)
        length = len(plain) + sealed.padding_length
        return (
            f"--Encrypted Boundary\r\n\tContent-Type: {protocol}\r\n\tOriginalContent: type=application/soap+xml;"
            f"charset=UTF-8;Length={length}\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
        ).encode() + len(sealed.header).to_bytes(4, "little") + sealed.header + sealed.data + b"--Encrypted Boundary--\r\n"

    def reply(self, status, body, challenge=None, kind=None):
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    Handler.name, Handler.host = sys.argv[1], Host()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if sys.argv[2:3] == ["--certificate"]:
        Handler.tls = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3])
        with open(sys.argv[3]) as file:
            certificate = ssl.PEM_cert_to_DER_cert(file.read().partition("-----BEGIN PRIVATE KEY")[0])
        end_point = b"tls-server-end-point:" + hashlib.sha256(certificate).digest()
        Handler.bindings = spnego.channel_bindings.GssChannelBindings(application_data=end_point)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


main()
