//! The registry.

use agent_protocol::win32::Win32Code;
use agent_protocol::{
    Failure, FailureKind, Hive, RegistryKey, RegistryKeyContent, RegistryValue, RegistryView,
};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_LOCAL_MACHINE, HKEY_USERS, KEY_READ, KEY_SET_VALUE, KEY_WOW64_32KEY,
    KEY_WOW64_64KEY, REG_OPTION_NON_VOLATILE, RegCloseKey, RegCreateKeyExW, RegDeleteValueW,
    RegEnumKeyExW, RegEnumValueW, RegOpenKeyExW, RegQueryInfoKeyW, RegQueryValueExW,
    RegSetValueExW,
};

use super::wide::Wide;
use crate::registry_data;

const ERROR_SUCCESS: u32 = 0;
const ERROR_MORE_DATA: u32 = 234;
const ERROR_NO_MORE_ITEMS: u32 = 259;
/// Longest name of a key, in UTF-16 units without the NUL.
const KEY_NAME_LIMIT: usize = 255;
/// Longest name of a value, in UTF-16 units without the NUL.
const VALUE_NAME_LIMIT: usize = 16_383;

/// One value.
pub fn read_value(key: &RegistryKey, name: &str) -> Result<RegistryValue, Failure> {
    OpenKey::to_read(key, RegistryView::Bits64)?
        .value(name)
        .map_err(|code| Failure::from_code(code, format!("read value {name:?} of {key}")))
}

/// What a key holds, one level deep.
pub fn read_key(key: &RegistryKey) -> Result<RegistryKeyContent, Failure> {
    let opened = OpenKey::to_read(key, RegistryView::Bits64)?;
    let failed = |code| Failure::from_code(code, format!("list {key}"));
    Ok(RegistryKeyContent {
        values: opened.values().map_err(failed)?,
        subkeys: opened.subkeys().map_err(failed)?,
    })
}

/// Writes a value.
pub fn write_value(
    key: &RegistryKey,
    name: &str,
    value: &RegistryValue,
    create_key: bool,
) -> Result<(), Failure> {
    let opened = if create_key {
        OpenKey::created(key)?
    } else {
        OpenKey::to_write(key)?
    };
    let wide = Wide::new(name)?;
    let (kind, data) = registry_data::encode(value);
    let size = u32::try_from(data.len())
        .map_err(|_| Failure::new(FailureKind::Invalid, format!("value {name:?} is too long")))?;
    // An empty Vec points nowhere, which is refused with 998 (ERROR_NOACCESS).
    let start = match data.is_empty() {
        true => std::ptr::null(),
        false => data.as_ptr(),
    };
    // SAFETY: the key is open, the name ends in a NUL, the data has `size` bytes and lives until the call is over.
    match unsafe { RegSetValueExW(opened.0, wide.as_ptr(), 0, kind, start, size) } {
        ERROR_SUCCESS => Ok(()),
        code => Err(Failure::from_code(
            Win32Code(code),
            format!("write value {name:?} of {key}"),
        )),
    }
}

/// Deletes a value; whether it was there.
pub fn delete_value(key: &RegistryKey, name: &str) -> Result<bool, Failure> {
    let opened = match OpenKey::to_write(key) {
        Err(failure) if failure.kind == FailureKind::NotFound => return Ok(false),
        opened => opened?,
    };
    let wide = Wide::new(name)?;
    // SAFETY: the key is open, the name ends in a NUL.
    let failure = match unsafe { RegDeleteValueW(opened.0, wide.as_ptr()) } {
        ERROR_SUCCESS => return Ok(true),
        code => Failure::from_code(Win32Code(code), format!("delete value {name:?} of {key}")),
    };
    if failure.kind == FailureKind::NotFound {
        Ok(false)
    } else {
        Err(failure)
    }
}

/// A key, opened.
pub struct OpenKey(HKEY);

impl OpenKey {
    pub fn to_read(key: &RegistryKey, view: RegistryView) -> Result<Self, Failure> {
        let view = match view {
            RegistryView::Bits64 => KEY_WOW64_64KEY,
            RegistryView::Bits32 => KEY_WOW64_32KEY,
        };
        Self::open(key, KEY_READ | view)
    }

    fn to_write(key: &RegistryKey) -> Result<Self, Failure> {
        Self::open(key, KEY_SET_VALUE | KEY_WOW64_64KEY)
    }

    fn open(key: &RegistryKey, access: u32) -> Result<Self, Failure> {
        let path = Wide::new(key.path())?;
        let mut opened = std::ptr::null_mut();
        // SAFETY: the hive is a predefined key, the path ends in a NUL, the handle is written on success.
        match unsafe { RegOpenKeyExW(hive(key), path.as_ptr(), 0, access, &mut opened) } {
            ERROR_SUCCESS => Ok(Self(opened)),
            code => Err(Failure::from_code(Win32Code(code), format!("open {key}"))),
        }
    }

    fn created(key: &RegistryKey) -> Result<Self, Failure> {
        let path = Wide::new(key.path())?;
        let mut opened = std::ptr::null_mut();
        // SAFETY: as in `open`; null class, security and disposition are allowed.
        let code = unsafe {
            RegCreateKeyExW(
                hive(key),
                path.as_ptr(),
                0,
                std::ptr::null(),
                REG_OPTION_NON_VOLATILE,
                KEY_SET_VALUE | KEY_WOW64_64KEY,
                std::ptr::null(),
                &mut opened,
                std::ptr::null_mut(),
            )
        };
        match code {
            ERROR_SUCCESS => Ok(Self(opened)),
            code => Err(Failure::from_code(Win32Code(code), format!("create {key}"))),
        }
    }

    /// One value of the key.
    pub fn value(&self, name: &str) -> Result<RegistryValue, Win32Code> {
        let wide = Wide::new(name).map_err(|_| Win32Code(123))?;
        let mut data = vec![0; 512];
        loop {
            let mut kind = 0;
            let mut size = data.len() as u32;
            // SAFETY: the key is open, the name ends in a NUL, the buffer has `size` bytes.
            let code = unsafe {
                RegQueryValueExW(
                    self.0,
                    wide.as_ptr(),
                    std::ptr::null(),
                    &mut kind,
                    data.as_mut_ptr(),
                    &mut size,
                )
            };
            match code {
                ERROR_SUCCESS => {
                    data.truncate(size as usize);
                    return Ok(registry_data::decode(kind, &data));
                }
                // Somebody may make it longer between two looks: ask again with room to spare.
                ERROR_MORE_DATA => data.resize((size as usize).max(data.len() * 2), 0),
                code => return Err(Win32Code(code)),
            }
        }
    }

    /// Names of the keys directly below.
    pub fn subkeys(&self) -> Result<Vec<String>, Win32Code> {
        let mut names = Vec::new();
        for index in 0.. {
            let mut name = [0u16; KEY_NAME_LIMIT + 1];
            let mut length = name.len() as u32;
            // SAFETY: the key is open, the buffer has `length` units, class and time are not asked for.
            let code = unsafe {
                RegEnumKeyExW(
                    self.0,
                    index,
                    name.as_mut_ptr(),
                    &mut length,
                    std::ptr::null(),
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                )
            };
            match code {
                ERROR_SUCCESS => names.push(text(&name, length)),
                ERROR_NO_MORE_ITEMS => break,
                code => return Err(Win32Code(code)),
            }
        }
        Ok(names)
    }

    fn values(&self) -> Result<Vec<(String, RegistryValue)>, Win32Code> {
        let mut values = Vec::new();
        let mut name = vec![0u16; VALUE_NAME_LIMIT + 1];
        let mut data = vec![0u8; self.longest_value()?];
        let mut index = 0;
        loop {
            let mut kind = 0;
            let mut length = name.len() as u32;
            let mut size = data.len() as u32;
            // SAFETY: the key is open, both buffers have the sizes given.
            let code = unsafe {
                RegEnumValueW(
                    self.0,
                    index,
                    name.as_mut_ptr(),
                    &mut length,
                    std::ptr::null(),
                    &mut kind,
                    data.as_mut_ptr(),
                    &mut size,
                )
            };
            match code {
                ERROR_SUCCESS => {
                    let stored = data.get(..size as usize).unwrap_or(&data);
                    values.push((text(&name, length), registry_data::decode(kind, stored)));
                    index += 1;
                }
                ERROR_MORE_DATA => data.resize((size as usize).max(data.len() * 2), 0),
                ERROR_NO_MORE_ITEMS => return Ok(values),
                code => return Err(Win32Code(code)),
            }
        }
    }

    /// Length in bytes of the longest data, at least 1.
    fn longest_value(&self) -> Result<usize, Win32Code> {
        let nothing = std::ptr::null_mut();
        let mut longest = 0;
        // SAFETY: the key is open; only one number is asked for.
        let code = unsafe {
            RegQueryInfoKeyW(
                self.0,
                nothing,
                std::ptr::null_mut(),
                std::ptr::null(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                &mut longest,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            )
        };
        if code == ERROR_SUCCESS {
            Ok((longest as usize).max(1))
        } else {
            Err(Win32Code(code))
        }
    }
}

impl Drop for OpenKey {
    fn drop(&mut self) {
        // SAFETY: the key is open and used by nobody else.
        unsafe { RegCloseKey(self.0) };
    }
}

fn hive(key: &RegistryKey) -> HKEY {
    match key.hive() {
        Hive::LocalMachine => HKEY_LOCAL_MACHINE,
        Hive::Users => HKEY_USERS,
    }
}

fn text(units: &[u16], length: u32) -> String {
    String::from_utf16_lossy(units.get(..length as usize).unwrap_or(units))
}
