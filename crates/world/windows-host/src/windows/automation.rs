//! COM objects by late binding, as administrators' scripts use them: IDispatch (oaidl.h).
//!
//! The task scheduler and the web server's configuration have documented objects for scripts; their names
//! are looked up at run time, so that a host that lacks them is told apart from one that fails.

mod variant;

use std::ffi::c_void;
use std::ptr::NonNull;

use agent_protocol::win32::Win32Code;
use agent_protocol::{Failure, FailureKind};
use windows_sys::Win32::Foundation::SysFreeString;
use windows_sys::Win32::System::Com::{
    CLSCTX_INPROC_SERVER, CLSCTX_LOCAL_SERVER, CLSIDFromProgID, COINIT_MULTITHREADED,
    CoCreateInstance, CoInitializeEx, DISPATCH_METHOD, DISPATCH_PROPERTYGET, DISPATCH_PROPERTYPUT,
    DISPPARAMS, EXCEPINFO,
};
use windows_sys::Win32::System::Variant::VARIANT;
use windows_sys::core::{GUID, HRESULT};

use super::wide::Wide;
use variant::{Arguments, read_bstr, value};

pub use variant::{Argument, Value};

/// IID_IDispatch.
const IDISPATCH: GUID = GUID::from_u128(0x00020400_0000_0000_c000_000000000046);
const DISPID_PROPERTYPUT: i32 = -3;
const DISP_E_EXCEPTION: HRESULT = 0x8002_0009_u32.cast_signed();
/// Neither the class nor its method is there: REGDB_E_CLASSNOTREG, CO_E_CLASSSTRING, E_NOTIMPL, DISP_E_UNKNOWNNAME.
const MISSING: [u32; 4] = [0x8004_0154, 0x8004_01f3, 0x8000_4001, 0x8002_0006];
/// WBEM_E_NOT_FOUND and WBEM_E_INVALID_NAMESPACE (wbemcli.h).
const NOT_THERE: [u32; 2] = [0x8004_1002, 0x8004_100e];
/// WBEM_E_ACCESS_DENIED.
pub const NOT_ALLOWED: u32 = 0x8004_1003;

/// A COM object.
pub struct Object(NonNull<Interface>);

#[repr(C)]
struct Interface {
    methods: *const Methods,
}

/// IUnknown and IDispatch, in the order of their declaration.
#[repr(C)]
struct Methods {
    query_interface: *const c_void,
    add_ref: unsafe extern "system" fn(*mut Interface) -> u32,
    release: unsafe extern "system" fn(*mut Interface) -> u32,
    get_type_info_count: *const c_void,
    get_type_info: *const c_void,
    get_ids_of_names: unsafe extern "system" fn(
        *mut Interface,
        *const GUID,
        *const *const u16,
        u32,
        u32,
        *mut i32,
    ) -> HRESULT,
    invoke: unsafe extern "system" fn(
        *mut Interface,
        i32,
        *const GUID,
        u32,
        u16,
        *const DISPPARAMS,
        *mut VARIANT,
        *mut EXCEPINFO,
        *mut u32,
    ) -> HRESULT,
}

impl Object {
    /// A new object of the class with that name; not supported where it is not registered.
    pub fn create(class: &str) -> Result<Self, Failure> {
        let what = || format!("create {class}");
        let name = Wide::new(class)?;
        // SAFETY: the reserved argument is null; a thread may do this many times.
        unsafe { CoInitializeEx(std::ptr::null(), COINIT_MULTITHREADED as u32) };
        let mut id = GUID::from_u128(0);
        // SAFETY: the name ends in a NUL, the id is written on success.
        succeeded(unsafe { CLSIDFromProgID(name.as_ptr(), &mut id) }, what)?;
        let mut object = std::ptr::null_mut();
        let servers = CLSCTX_INPROC_SERVER | CLSCTX_LOCAL_SERVER;
        // SAFETY: no outer object; the interface that is asked for is the one that is used afterwards.
        let result = unsafe {
            CoCreateInstance(&id, std::ptr::null_mut(), servers, &IDISPATCH, &mut object)
        };
        succeeded(result, what)?;
        Self::of(object.cast()).ok_or_else(|| Failure::new(FailureKind::Failed, what()))
    }

    /// Takes a reference over.
    fn of(interface: *mut Interface) -> Option<Self> {
        NonNull::new(interface).map(Self)
    }

    /// A property, or a method's result.
    pub fn call(&self, name: &str, arguments: &[Argument<'_>]) -> Result<Value, Failure> {
        let how = DISPATCH_METHOD | DISPATCH_PROPERTYGET;
        self.invoke(name, how, arguments, false)
    }

    /// Sets a property.
    pub fn set(&self, name: &str, value: Argument<'_>) -> Result<(), Failure> {
        self.invoke(name, DISPATCH_PROPERTYPUT, &[value], true)
            .map(drop)
    }

    /// A property or result that is an object.
    pub fn object(&self, name: &str, arguments: &[Argument<'_>]) -> Result<Object, Failure> {
        match self.call(name, arguments)? {
            Value::Object(object) => Ok(object),
            _ => Err(Failure::new(
                FailureKind::Failed,
                format!("{name} gives no object"),
            )),
        }
    }

    /// A property as text: numbers in digits, nothing as an empty text.
    pub fn text(&self, name: &str) -> Result<String, Failure> {
        match self.call(name, &[])? {
            Value::Text(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            Value::Nothing => Ok(String::new()),
            Value::Object(_) | Value::Bytes(_) => Err(Failure::new(
                FailureKind::Failed,
                format!("{name} is no text"),
            )),
        }
    }

    /// A property as a number; truth is -1 or 1, as scripts have it.
    pub fn number(&self, name: &str) -> Result<i32, Failure> {
        match self.call(name, &[])? {
            Value::Number(number) => Ok(number),
            _ => Err(Failure::new(
                FailureKind::Failed,
                format!("{name} is no number"),
            )),
        }
    }

    /// The members of a collection, which counts from `first`.
    pub fn members(&self, first: i32) -> Result<Vec<Object>, Failure> {
        let count = self.number("Count")?;
        let numbers = first..first.saturating_add(count);
        numbers
            .map(|number| self.object("Item", &[Argument::Number(number)]))
            .collect()
    }

    fn invoke(
        &self,
        name: &str,
        how: u16,
        arguments: &[Argument<'_>],
        named: bool,
    ) -> Result<Value, Failure> {
        let id = self.id(name)?;
        let nothing = GUID::from_u128(0);
        let mut raw = Arguments::new(arguments)?;
        let mut put = DISPID_PROPERTYPUT;
        let parameters = DISPPARAMS {
            rgvarg: raw.as_mut_ptr(),
            rgdispidNamedArgs: if named {
                &mut put
            } else {
                std::ptr::null_mut()
            },
            cArgs: raw.len(),
            cNamedArgs: u32::from(named),
        };
        let mut result = VARIANT::default();
        let mut exception = EXCEPINFO::default();
        let mut wrong = 0;
        // SAFETY: the object lives; arguments and results live until the call is over.
        let code = unsafe {
            ((*self.methods()).invoke)(
                self.0.as_ptr(),
                id,
                &nothing,
                0,
                how,
                &parameters,
                &mut result,
                &mut exception,
                &mut wrong,
            )
        };
        drop(raw);
        if code == DISP_E_EXCEPTION {
            return Err(exception_of(name, exception));
        }
        succeeded(code, || format!("call {name}"))?;
        Ok(value(result))
    }

    fn id(&self, name: &str) -> Result<i32, Failure> {
        let wide = Wide::new(name)?;
        let nothing = GUID::from_u128(0);
        let names = [wide.as_ptr()];
        let mut id = 0;
        // SAFETY: the object lives; one name that ends in a NUL, room for its id.
        let code = unsafe {
            ((*self.methods()).get_ids_of_names)(
                self.0.as_ptr(),
                &nothing,
                names.as_ptr(),
                1,
                0,
                &mut id,
            )
        };
        succeeded(code, || format!("look for the method {name}")).map(|()| id)
    }

    /// One more reference, for somebody who lets go of it.
    fn another_reference(&self) -> *mut c_void {
        // SAFETY: the object lives.
        unsafe { ((*self.methods()).add_ref)(self.0.as_ptr()) };
        self.0.as_ptr().cast()
    }

    fn methods(&self) -> *const Methods {
        // SAFETY: an object lives as long as we hold a reference, and begins with its methods.
        unsafe { self.0.as_ref().methods }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and is not used afterwards.
        unsafe { ((*self.methods()).release)(self.0.as_ptr()) };
    }
}

fn exception_of(name: &str, exception: EXCEPINFO) -> Failure {
    // SAFETY: the texts are null or BSTRs that are ours now.
    let description = unsafe {
        let description = read_bstr(exception.bstrDescription);
        for text in [
            exception.bstrSource,
            exception.bstrDescription,
            exception.bstrHelpFile,
        ] {
            SysFreeString(text);
        }
        description
    };
    let mut failure = of_result(exception.scode, format!("call {name}"));
    if !description.trim().is_empty() {
        failure.message = format!("{}: {}", failure.message, description.trim());
    }
    failure
}

fn succeeded(result: HRESULT, what: impl Fn() -> String) -> Result<(), Failure> {
    match result {
        0.. => Ok(()),
        error => Err(of_result(error, what())),
    }
}

/// A result as a failure: those that wrap a Windows error (facility 7) with its code.
fn of_result(result: HRESULT, what: String) -> Failure {
    let number = result.cast_unsigned();
    match number {
        number if number & 0xffff_0000 == 0x8007_0000 => {
            Failure::from_code(Win32Code(number & 0xffff), what)
        }
        number => {
            let kind = match number {
                _ if MISSING.contains(&number) => FailureKind::NotSupported,
                _ if NOT_THERE.contains(&number) => FailureKind::NotFound,
                NOT_ALLOWED => FailureKind::Denied,
                _ => FailureKind::Failed,
            };
            Failure::new(kind, format!("{what}: result 0x{number:08x}"))
        }
    }
}
