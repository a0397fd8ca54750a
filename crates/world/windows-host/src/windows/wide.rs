//! UTF-16 text as Windows takes and gives it, and memory that Windows fills.

use agent_protocol::win32::Win32Code;
use agent_protocol::{Failure, FailureKind};
use zeroize::Zeroizing;

const ERROR_INSUFFICIENT_BUFFER: Win32Code = Win32Code(122);
const ERROR_MORE_DATA: Win32Code = Win32Code(234);

/// Text with the NUL at its end that Windows expects.
pub struct Wide(Zeroizing<Vec<u16>>);

impl Wide {
    /// Refuses text with a NUL inside: Windows would take its beginning for the whole.
    pub fn new(text: &str) -> Result<Self, Failure> {
        if text.contains('\0') {
            return Err(Failure::new(
                FailureKind::Invalid,
                "the text has a NUL character",
            ));
        }
        // UTF-16 never has more units than UTF-8 has bytes: no growth, so no stale copy of a password.
        let mut units = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        units.extend(text.encode_utf16().chain([0]));
        Ok(Self(units))
    }

    pub fn as_ptr(&self) -> *const u16 {
        self.0.as_ptr()
    }
}

/// Text up to its NUL; empty for a null pointer. Lone surrogates are replaced.
///
/// # Safety
/// `text` is null, or points to UTF-16 units that end in a NUL and stay unchanged during the call.
pub unsafe fn read(text: *const u16) -> String {
    // SAFETY: the caller's promise.
    unsafe { units(text) }
        .map(String::from_utf16_lossy)
        .unwrap_or_default()
}

/// Texts that each end in a NUL, up to an empty one; none for a null pointer.
///
/// # Safety
/// `texts` is null, or points to such a list that stays unchanged during the call.
pub unsafe fn read_list(mut texts: *const u16) -> Vec<String> {
    let mut list = Vec::new();
    // SAFETY: by the caller's promise `texts` is at the start of a text or of the empty one at the end.
    while let Some(text) = unsafe { units(texts) }.filter(|text| !text.is_empty()) {
        list.push(String::from_utf16_lossy(text));
        // SAFETY: the text's NUL is part of the list, and so is what follows it.
        texts = unsafe { texts.add(text.len() + 1) };
    }
    list
}

/// # Safety
/// As for [`read`]; the slice is valid as long as that memory.
unsafe fn units<'a>(text: *const u16) -> Option<&'a [u16]> {
    if text.is_null() {
        return None;
    }
    let mut length = 0;
    // SAFETY: every unit up to the NUL belongs to the text.
    while unsafe { *text.add(length) } != 0 {
        length += 1;
    }
    // SAFETY: `length` units were just read.
    Some(unsafe { std::slice::from_raw_parts(text, length) })
}

/// Memory that Windows fills, aligned for its structures.
pub struct Filled(Vec<u64>);

impl Filled {
    /// Asks for the size, then for the content, until it fits.
    ///
    /// `call` gets buffer, its size in bytes and where to put the size needed; it returns the error,
    /// `None` when the buffer is filled.
    pub fn by(
        mut call: impl FnMut(*mut u8, u32, &mut u32) -> Option<Win32Code>,
    ) -> Result<Self, Win32Code> {
        let mut memory = Vec::<u64>::new();
        loop {
            let size = u32::try_from(memory.len() * size_of::<u64>()).unwrap_or(u32::MAX);
            let mut needed = 0;
            match call(memory.as_mut_ptr().cast(), size, &mut needed) {
                None => return Ok(Self(memory)),
                Some(ERROR_INSUFFICIENT_BUFFER | ERROR_MORE_DATA) => {
                    // At least one more unit, so that the loop ends even when `needed` does not grow.
                    let units = (needed as usize)
                        .div_ceil(size_of::<u64>())
                        .max(memory.len() + 1);
                    memory = vec![0; units];
                }
                Some(error) => return Err(error),
            }
        }
    }

    /// The first structures of type `T` in the memory, at most `count`.
    ///
    /// # Safety
    /// Windows has put that many valid values of `T` at the beginning.
    pub unsafe fn slice<T>(&self, count: usize) -> &[T] {
        const { assert!(align_of::<T>() <= align_of::<u64>()) };
        let fits = self.0.len() * size_of::<u64>() / size_of::<T>().max(1);
        // SAFETY: aligned and long enough by the two lines above, initialised by the caller's promise.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), count.min(fits)) }
    }
}
