//! What goes into a call and comes out of it: VARIANT, BSTR and SAFEARRAY (oaidl.h, wtypes.h).

use agent_protocol::{Failure, FailureKind};
use windows_sys::Win32::Foundation::{SysAllocStringLen, SysStringLen};
use windows_sys::Win32::System::Com::SAFEARRAY;
use windows_sys::Win32::System::Ole::{
    SafeArrayAccessData, SafeArrayCreateVector, SafeArrayGetDim, SafeArrayGetLBound,
    SafeArrayGetUBound, SafeArrayUnaccessData,
};
use windows_sys::Win32::System::Variant::{
    VARIANT, VT_ARRAY, VT_BOOL, VT_BSTR, VT_DISPATCH, VT_EMPTY, VT_I2, VT_I4, VT_NULL, VT_UI1,
    VT_UI4, VT_VARIANT, VariantClear,
};
use windows_sys::core::BSTR;
use zeroize::Zeroize;

use super::super::wide::Wide;
use super::Object;

/// Bytes as a property gives them, and as scripts have them: an array in which every element says what it is.
const BYTES: u16 = VT_ARRAY | VT_UI1;
const ELEMENTS: u16 = VT_ARRAY | VT_VARIANT;

/// An argument of a call.
pub enum Argument<'a> {
    /// Nothing, where the call takes nothing for an answer.
    Empty,
    Number(i32),
    Text(&'a str),
    /// Text that is wiped afterwards.
    Secret(&'a str),
    Bytes(&'a [u8]),
    Object(&'a Object),
}

/// What a call gives.
pub enum Value {
    Nothing,
    Number(i32),
    Text(String),
    Bytes(Vec<u8>),
    Object(Object),
}

/// Arguments of one call; texts are wiped, as a secret may be among them.
pub struct Arguments(Vec<VARIANT>);

impl Arguments {
    /// Calls take their arguments last first.
    pub fn new(arguments: &[Argument<'_>]) -> Result<Self, Failure> {
        let mut raw = Self(Vec::new());
        for argument in arguments.iter().rev() {
            raw.0.push(variant(argument)?);
        }
        Ok(raw)
    }

    pub fn as_mut_ptr(&mut self) -> *mut VARIANT {
        self.0.as_mut_ptr()
    }

    pub fn len(&self) -> u32 {
        self.0.len() as u32
    }
}

impl Drop for Arguments {
    fn drop(&mut self) {
        for argument in &mut self.0 {
            // SAFETY: `variant` made it, so its type says what is in it, and what is in it is ours.
            unsafe {
                if argument.Anonymous.Anonymous.vt == VT_BSTR {
                    let text = argument.Anonymous.Anonymous.Anonymous.bstrVal;
                    let length = SysStringLen(text) as usize;
                    std::slice::from_raw_parts_mut(text.cast_mut(), length).zeroize();
                }
                VariantClear(argument);
            }
        }
    }
}

fn variant(argument: &Argument<'_>) -> Result<VARIANT, Failure> {
    let mut made = VARIANT::default();
    let inner = &raw mut made.Anonymous;
    // SAFETY: the type is written together with the member that it names.
    unsafe {
        match argument {
            Argument::Empty => (*inner).Anonymous.vt = VT_EMPTY,
            Argument::Number(number) => {
                (*inner).Anonymous.vt = VT_I4;
                (*inner).Anonymous.Anonymous.lVal = *number;
            }
            Argument::Text(text) | Argument::Secret(text) => {
                (*inner).Anonymous.Anonymous.bstrVal = bstr(text)?;
                (*inner).Anonymous.vt = VT_BSTR;
            }
            Argument::Bytes(bytes) => {
                (*inner).Anonymous.Anonymous.parray = array(bytes)?;
                (*inner).Anonymous.vt = ELEMENTS;
            }
            Argument::Object(object) => {
                (*inner).Anonymous.Anonymous.pdispVal = object.another_reference();
                (*inner).Anonymous.vt = VT_DISPATCH;
            }
        }
    }
    Ok(made)
}

fn bstr(text: &str) -> Result<BSTR, Failure> {
    let wide = Wide::new(text)?;
    let length = u32::try_from(text.encode_utf16().count())
        .map_err(|_| Failure::new(FailureKind::Invalid, "the text is too long"))?;
    // SAFETY: the text has that many units.
    Ok(unsafe { SysAllocStringLen(wide.as_ptr(), length) })
}

/// An array as scripts make it.
fn array(bytes: &[u8]) -> Result<*mut SAFEARRAY, Failure> {
    let failed = |why| Failure::new(FailureKind::Failed, why);
    let length = u32::try_from(bytes.len()).map_err(|_| failed("the data is too long"))?;
    // SAFETY: a new vector of that many empty elements, which VariantClear frees.
    let array = unsafe { SafeArrayCreateVector(VT_VARIANT, 0, length) };
    let mut data = std::ptr::null_mut();
    // SAFETY: the array is null or ours, its data is written on success.
    if array.is_null() || unsafe { SafeArrayAccessData(array, &mut data) } < 0 {
        return Err(failed("no room for an array"));
    }
    // SAFETY: the vector has exactly as many elements as there are bytes, each a VARIANT.
    let elements = unsafe { std::slice::from_raw_parts_mut(data.cast::<VARIANT>(), bytes.len()) };
    for (element, byte) in elements.iter_mut().zip(bytes) {
        element.Anonymous.Anonymous.vt = VT_UI1;
        element.Anonymous.Anonymous.Anonymous.bVal = *byte;
    }
    // SAFETY: it was accessed above.
    unsafe { SafeArrayUnaccessData(array) };
    Ok(array)
}

/// Reads a result and lets go of it.
pub fn value(mut result: VARIANT) -> Value {
    // SAFETY: the type says which member is valid; an object's reference is taken over, anything else cleared.
    unsafe {
        let inner = &result.Anonymous.Anonymous;
        let read = match inner.vt {
            VT_I4 | VT_UI4 => Value::Number(inner.Anonymous.lVal),
            VT_I2 => Value::Number(inner.Anonymous.iVal.into()),
            VT_BOOL => Value::Number(inner.Anonymous.boolVal.into()),
            VT_BSTR => Value::Text(read_bstr(inner.Anonymous.bstrVal)),
            BYTES => read_array(inner.Anonymous.parray, |byte: &u8| Some(*byte)),
            ELEMENTS => read_array(inner.Anonymous.parray, byte),
            VT_DISPATCH => {
                let object = Object::of(inner.Anonymous.pdispVal.cast());
                return object.map_or(Value::Nothing, Value::Object);
            }
            VT_EMPTY | VT_NULL => Value::Nothing,
            _ => Value::Nothing,
        };
        VariantClear(&mut result);
        read
    }
}

/// An element that is a byte.
fn byte(element: &VARIANT) -> Option<u8> {
    // SAFETY: the type says which member is valid.
    unsafe {
        let inner = &element.Anonymous.Anonymous;
        match inner.vt {
            VT_UI1 => Some(inner.Anonymous.bVal),
            VT_I2 => inner.Anonymous.iVal.try_into().ok(),
            VT_I4 => inner.Anonymous.lVal.try_into().ok(),
            _ => None,
        }
    }
}

/// The bytes of an array; nothing where it is none of bytes.
///
/// # Safety
/// `array` is null or an array whose elements are of type `T`.
unsafe fn read_array<T>(array: *mut SAFEARRAY, read: impl Fn(&T) -> Option<u8>) -> Value {
    let (mut first, mut last, mut data) = (0, 0, std::ptr::null_mut());
    // SAFETY: the caller's promise; bounds and data are written on success.
    let known = unsafe {
        !array.is_null()
            && SafeArrayGetDim(array) == 1
            && SafeArrayGetLBound(array, 1, &mut first) >= 0
            && SafeArrayGetUBound(array, 1, &mut last) >= 0
            && SafeArrayAccessData(array, &mut data) >= 0
    };
    if !known {
        return Value::Nothing;
    }
    let length = usize::try_from(i64::from(last) - i64::from(first) + 1).unwrap_or_default();
    let bytes = match data.is_null() {
        true => Some(Vec::new()),
        false => {
            // SAFETY: the array says that it has that many elements, which live until it is let go of.
            let elements = unsafe { std::slice::from_raw_parts(data.cast::<T>(), length) };
            elements.iter().map(read).collect()
        }
    };
    // SAFETY: it was accessed above.
    unsafe { SafeArrayUnaccessData(array) };
    bytes.map_or(Value::Nothing, Value::Bytes)
}

/// # Safety
/// `text` is null or a BSTR.
pub unsafe fn read_bstr(text: BSTR) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise; a BSTR knows its length.
    let units = unsafe { std::slice::from_raw_parts(text, SysStringLen(text) as usize) };
    String::from_utf16_lossy(units)
}
