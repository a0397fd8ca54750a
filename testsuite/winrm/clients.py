"""pywinrm and pypsrp against a WinRM server: that they accept it is what makes it one.

    clients.py HOST PORT USER PASSWORD-FILE ntlm|kerberos
"""

import sys

from pypsrp.shell import Process, SignalCode, WinRS
from pypsrp.wsman import WSMan
from winrm.protocol import Protocol

BIG = 200_000


def with_pypsrp(host, port, user, password, auth):
    wsman = WSMan(
        "127.0.0.1", port=port, ssl=False, username=user, password=password, auth=auth, encryption="always",
        negotiate_service="http", negotiate_hostname_override=host,
    )
    with wsman, WinRS(wsman) as shell:
        process = Process(shell, "/bin/cat", [], no_shell=True)
        process.begin_invoke()
        process.send(b"to stdin\n", end=True)
        process.end_invoke()
        assert (process.stdout, process.rc) == (b"to stdin\n", 0), (process.stdout, process.rc)
        process.signal(SignalCode.TERMINATE)
        process = Process(shell, "/bin/sh", ["-c", f"head -c {BIG} /dev/zero; echo warned >&2; exit 7"], no_shell=True)
        process.invoke()
        assert (len(process.stdout), process.stderr, process.rc) == (BIG, b"warned\n", 7)
        process.signal(SignalCode.TERMINATE)


def with_pywinrm(port, user, password):
    protocol = Protocol(
        f"http://127.0.0.1:{port}/wsman", "ntlm", user, password, message_encryption="always",
        read_timeout_sec=60, operation_timeout_sec=5,
    )
    shell = protocol.open_shell()
    command = protocol.run_command(shell, f"head -c {BIG} /dev/zero; echo warned >&2; exit 7")
    stdout, stderr, code = protocol.get_command_output(shell, command)
    assert (len(stdout), stderr, code) == (BIG, b"warned\n", 7), (len(stdout), stderr, code)
    protocol.cleanup_command(shell, command)
    protocol.close_shell(shell)


def main():
    host, port, user, password_file, auth = sys.argv[1:]
    with open(password_file) as file:
        password = file.readline().rstrip("\n")
    with_pypsrp(host, int(port), user, password, auth)
    print(f"pypsrp with {auth}: accepted")
    if auth == "ntlm":
        with_pywinrm(port, user, password)
        print("pywinrm with ntlm: accepted")


main()
