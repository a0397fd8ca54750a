"""Derives managed passwords with Samba's own C implementation.

One case a line on stdin, its result on stdout, as JSON. The functions are not part of a Python module: they are
called in the library that python3-samba itself loads. Their signatures are those of lib/crypto/gkdi.h and
lib/crypto/gmsa.h, Samba 4.21 and later; a published vector is derived first, to prove that they still fit.
"""

import ctypes
import json
import sys
import uuid

import samba
import samba.dsdb  # loads the library that holds the functions

HASHES = ["SHA1", "SHA256", "SHA384", "SHA512"]  # enum KdfSp800_108Param
PUBLISHED = {
    "root_key_id": "0170e972-a035-af4c-993b-e052d5bd1216",
    "root_key_data": "98cbd75471d876b1518032a0948452f441b3a4dbd10e2183b2c150f87e1742e3"
    "2dddab0cf70f3eb3a4d97bb36a76e44a0c02f1e58b37ed9bdc7ac8f581de250f",
    "hash": "SHA512",
    "sid": "010500000000000515000000bcfb8bf5af39e9b21f9b5fcd9abb0000",
    "time": (362 * 1024 + 0 * 32 + 23) * 360_000_000_000,  # when the key (362, 0, 23) becomes current
}
PUBLISHED_PASSWORD_START = "725c1fcc8af9014cc04134f8f7bf1ed519265115b7a79a66beeaea7472128dd0"


class Guid(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint32), ("mid", ctypes.c_uint16), ("high", ctypes.c_uint16), ("rest", ctypes.c_uint8 * 8)]


class DataBlob(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("length", ctypes.c_size_t)]


class ProvRootKey(ctypes.Structure):
    _fields_ = [
        ("id", Guid),
        ("data", DataBlob),
        ("create_time", ctypes.c_uint64),
        ("use_start_time", ctypes.c_uint64),
        ("domain_id", ctypes.c_char_p),
        ("kdf_hash", ctypes.c_int),
        ("kdf_algorithm", ctypes.c_int),
        ("version", ctypes.c_int32),
    ]


class Gkid(ctypes.Structure):
    _fields_ = [("l0", ctypes.c_int32), ("l1", ctypes.c_int8), ("l2", ctypes.c_int8)]


class DomSid(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint8 * 68)]  # the packet, with room for 15 sub-authorities


def samba_library():
    with open("/proc/self/maps", encoding="utf-8") as maps:
        paths = {line.split()[-1] for line in maps if "samdb-common" in line}
    for path in paths:
        library = ctypes.CDLL(path)
        if hasattr(library, "gmsa_password_based_on_key_id"):
            library.gkdi_get_interval_id.argtypes = [ctypes.c_uint64]
            library.gkdi_get_interval_id.restype = Gkid
            library.gmsa_password_based_on_key_id.argtypes = [
                ctypes.c_void_p,
                Gkid,
                ctypes.c_uint64,
                ctypes.POINTER(ProvRootKey),
                ctypes.POINTER(DomSid),
                ctypes.c_char_p,
            ]
            library.gmsa_password_based_on_key_id.restype = ctypes.c_uint32
            return library
    sys.exit(f"Samba {samba.version} has no gmsa_password_based_on_key_id: 4.21 or later is needed")


def derive(library, case):
    data = bytes.fromhex(case["root_key_data"])
    root_key = ProvRootKey(
        id=Guid.from_buffer_copy(uuid.UUID(case["root_key_id"]).bytes_le),
        data=DataBlob(data, len(data)),
        create_time=1,
        use_start_time=1,
        domain_id=b"",
        kdf_hash=HASHES.index(case["hash"]),
        kdf_algorithm=0,  # KDF_ALGORITHM_SP800_108_CTR_HMAC
        version=1,
    )
    sid = DomSid.from_buffer_copy(bytes.fromhex(case["sid"]).ljust(68, b"\0"))
    gkid = library.gkdi_get_interval_id(case["time"])
    password = ctypes.create_string_buffer(256 + 2)
    status = library.gmsa_password_based_on_key_id(None, gkid, case["time"], root_key, sid, password)
    if status != 0:
        sys.exit(f"Samba answers NTSTATUS {status:#010x} to {case}")
    return {"group_key_id": [gkid.l0, gkid.l1, gkid.l2], "password": password.raw[:256].hex()}


def main():
    library = samba_library()
    proof = derive(library, PUBLISHED)
    if proof["group_key_id"] != [362, 0, 23] or not proof["password"].startswith(PUBLISHED_PASSWORD_START):
        sys.exit(f"Samba {samba.version} does not derive the published password: have its structures changed?")
    for line in sys.stdin:
        print(json.dumps(derive(library, json.loads(line))))


if __name__ == "__main__":
    main()
