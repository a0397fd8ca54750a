"""Seeds the rig's domain while its controller is down. Reads a JSON document on stdin."""

import json
import sys

import ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.dsdb import UF_DONT_EXPIRE_PASSWD, UF_NORMAL_ACCOUNT
from samba.ndr import ndr_unpack
from samba.param import LoadParm
from samba.provision.sambadns import add_host_record
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

RC4_AND_AES = 0x04 | 0x08 | 0x10  # [MS-KILE] 2.2.7 Supported Encryption Types Bit Flags


def main():
    seed = json.load(sys.stdin)
    parameters = LoadParm()
    parameters.load(seed["smb_conf"])
    directory = SamDB(session_info=system_session(), lp=parameters)

    set_password(directory, seed["administrator"])
    for computer in seed["computers"]:
        add_computer(directory, computer)
    for service in seed["services"]:
        add_service_account(directory, service)
    for group in seed["groups"]:
        directory.newgroup(group["name"])
        if group["members"]:
            directory.add_remove_group_members(group["name"], group["members"])
    add_shadow_principals(directory)
    for right in seed["rights"]:
        delegate(directory, **right)
    add_controller_spns(directory, **seed["controller"])
    add_controller_address(directory, **seed["controller_address"])


def add_computer(directory, computer):
    name, dns_name = computer["name"], computer["dns_name"]
    directory.newcomputer(name)
    spns = [f"{service}/{host}" for service in ("HOST", "RestrictedKrbHost") for host in (name, dns_name)]
    modify(directory, name + "$", {
        "dNSHostName": [dns_name],
        "servicePrincipalName": spns,
        "msDS-SupportedEncryptionTypes": [str(RC4_AND_AES)],
        "operatingSystem": ["Windows Server 2019 Standard"],
        "operatingSystemVersion": ["10.0 (17763)"],
    })
    set_password(directory, computer, account=name + "$")


def add_service_account(directory, service):
    directory.newuser(service["name"], password_of(service), description="password account of the rig")
    values = {
        "servicePrincipalName": service["spns"],
        "msDS-AllowedToDelegateTo": service["delegates_to"],
        "userAccountControl": [str(UF_NORMAL_ACCOUNT | UF_DONT_EXPIRE_PASSWD)],
    }
    modify(directory, service["name"], {name: value for name, value in values.items() if value})


def add_shadow_principals(directory):
    """What preparing a forest for Windows Server 2016 makes, and provisioning leaves out."""
    name = f"CN=Shadow Principal Configuration,CN=Services,{directory.get_config_basedn()}"
    directory.add({"dn": name, "objectClass": "msDS-ShadowPrincipalContainer"})


def delegate(directory, account, below, entries):
    """Entries for an account in the access list of an object; whom they name themselves does not count."""
    sid = account_sid(directory, account)
    object_dn = ",".join(part for part in (below, str(directory.domain_dn())) if part)
    for entry in entries:
        SDUtils(directory).dacl_add_ace(object_dn, entry.replace(";NU)", f";{sid})"))


def account_sid(directory, account):
    found = directory.search(dn_of(directory, account), scope=ldb.SCOPE_BASE, attrs=["objectSid"])
    return ndr_unpack(security.dom_sid, found[0]["objectSid"][0])


def add_controller_spns(directory, name, dns_name, domain):
    """What the controller would add for itself at its first update."""
    hosts = (dns_name, name.upper(), f"{dns_name}/{domain}")
    spns = [f"ldap/{host}" for host in hosts] + [f"HOST/{dns_name}/{domain}", f"GC/{dns_name}/{domain}"]
    modify(directory, name + "$", {"servicePrincipalName": spns}, ldb.FLAG_MOD_ADD)


def add_controller_address(directory, name, domain, address):
    """Provisioning leaves a loopback address out."""
    zone = f"DC={domain},CN=MicrosoftDNS,DC=DomainDnsZones,{directory.domain_dn()}"
    add_host_record(directory, zone, f"DC={name}", address, None)


def modify(directory, account, values, how=ldb.FLAG_MOD_REPLACE):
    message = ldb.Message(dn_of(directory, account))
    for attribute, value in values.items():
        message[attribute] = ldb.MessageElement(value, how, attribute)
    directory.modify(message)


def dn_of(directory, account):
    found = directory.search(expression=f"(sAMAccountName={ldb.binary_encode(account)})", attrs=[])
    return found[0].dn


def set_password(directory, entry, account=None):
    name = ldb.binary_encode(account or entry["name"])
    directory.setpassword(f"(sAMAccountName={name})", password_of(entry))


def password_of(entry):
    with open(entry["password_file"], encoding="ascii") as file:
        return file.read()


main()
