//! The objects as COM has them: a class, and IDispatch (oaidl.h) for late binding.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use windows_sys::Win32::Foundation::{SysAllocStringLen, SysStringLen};
use windows_sys::Win32::System::Com::{DISPATCH_PROPERTYPUT, DISPPARAMS, EXCEPINFO};
use windows_sys::Win32::System::Variant::{VARIANT, VT_BOOL, VT_BSTR, VT_DISPATCH, VT_I4, VT_UI4};
use windows_sys::core::{BSTR, GUID, HRESULT};

use super::ThisHost;
use crate::objects::{Object, Refused, Value};

/// The class that the package registers as Microsoft.ApplicationHost.WritableAdminManager.
const CLASS: GUID = GUID::from_u128(0x6f1d7a52_0f8b_4a5e_9d57_3f6c0a4e8b21);
const IUNKNOWN: GUID = GUID::from_u128(0x00000000_0000_0000_c000_000000000046);
const ICLASSFACTORY: GUID = GUID::from_u128(0x00000001_0000_0000_c000_000000000046);
const IDISPATCH: GUID = GUID::from_u128(0x00020400_0000_0000_c000_000000000046);

const OK: HRESULT = 0;
const E_NOTIMPL: HRESULT = 0x8000_4001_u32.cast_signed();
const E_NOINTERFACE: HRESULT = 0x8000_4002_u32.cast_signed();
const E_FAIL: HRESULT = 0x8000_4005_u32.cast_signed();
const CLASS_NOT_AVAILABLE: HRESULT = 0x8004_0111_u32.cast_signed();
const DISP_E_UNKNOWNNAME: HRESULT = 0x8002_0006_u32.cast_signed();
const DISP_E_TYPEMISMATCH: HRESULT = 0x8002_0005_u32.cast_signed();
const DISP_E_EXCEPTION: HRESULT = 0x8002_0009_u32.cast_signed();

/// Members by their numbers.
const NAMES: [&str; 12] = [
    "CommitPath",
    "GetAdminSection",
    "CommitChanges",
    "Collection",
    "ChildElements",
    "Properties",
    "Methods",
    "Count",
    "Item",
    "Value",
    "CreateInstance",
    "Execute",
];

/// What an object begins with; IUnknown, then the interface's own methods.
#[repr(C)]
struct Com {
    methods: *const Methods,
    count: AtomicU32,
    object: Object,
}

#[repr(C)]
struct Methods {
    query_interface: unsafe extern "system" fn(*mut Com, *const GUID, *mut *mut c_void) -> HRESULT,
    add_ref: unsafe extern "system" fn(*mut Com) -> u32,
    release: unsafe extern "system" fn(*mut Com) -> u32,
    get_type_info_count: unsafe extern "system" fn(*mut Com, *mut u32) -> HRESULT,
    get_type_info: unsafe extern "system" fn(*mut Com, u32, u32, *mut *mut c_void) -> HRESULT,
    get_ids_of_names: unsafe extern "system" fn(
        *mut Com,
        *const GUID,
        *const *const u16,
        u32,
        u32,
        *mut i32,
    ) -> HRESULT,
    invoke: unsafe extern "system" fn(
        *mut Com,
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

static METHODS: Methods = Methods {
    query_interface,
    add_ref,
    release,
    get_type_info_count,
    get_type_info,
    get_ids_of_names,
    invoke,
};

/// The class: one for all, never freed.
#[repr(C)]
struct Factory {
    methods: *const FactoryMethods,
}

// SAFETY: it points to what never changes.
unsafe impl Sync for Factory {}

#[repr(C)]
struct FactoryMethods {
    query_interface:
        unsafe extern "system" fn(*mut Factory, *const GUID, *mut *mut c_void) -> HRESULT,
    add_ref: unsafe extern "system" fn(*mut Factory) -> u32,
    release: unsafe extern "system" fn(*mut Factory) -> u32,
    create_instance: unsafe extern "system" fn(
        *mut Factory,
        *mut c_void,
        *const GUID,
        *mut *mut c_void,
    ) -> HRESULT,
    lock_server: unsafe extern "system" fn(*mut Factory, i32) -> HRESULT,
}

static FACTORY_METHODS: FactoryMethods = FactoryMethods {
    query_interface: factory_query_interface,
    add_ref: factory_count,
    release: factory_count,
    create_instance,
    lock_server,
};

static FACTORY: Factory = Factory {
    methods: &FACTORY_METHODS,
};

/// COM asks the library for its class here.
///
/// # Safety
/// As COM calls it: two identifiers, and room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn DllGetClassObject(
    class: *const GUID,
    interface: *const GUID,
    made: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: the caller's promise.
    unsafe {
        if !is(&*class, &CLASS) {
            return CLASS_NOT_AVAILABLE;
        }
        factory_query_interface((&raw const FACTORY).cast_mut(), interface, made)
    }
}

/// It stays as long as its process.
#[unsafe(no_mangle)]
pub extern "system" fn DllCanUnloadNow() -> HRESULT {
    1 // S_FALSE
}

unsafe extern "system" fn factory_query_interface(
    this: *mut Factory,
    interface: *const GUID,
    made: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: COM gives an identifier and room for a pointer.
    unsafe {
        let known = is(&*interface, &IUNKNOWN) || is(&*interface, &ICLASSFACTORY);
        *made = if known { this.cast() } else { ptr::null_mut() };
        if known { OK } else { E_NOINTERFACE }
    }
}

unsafe extern "system" fn factory_count(_this: *mut Factory) -> u32 {
    1
}

unsafe extern "system" fn create_instance(
    _this: *mut Factory,
    _outer: *mut c_void,
    interface: *const GUID,
    made: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: COM gives an identifier and room for a pointer; the new object's one reference becomes the caller's.
    unsafe {
        *made = ptr::null_mut();
        let Ok(configuration) = ThisHost::configuration() else {
            return E_FAIL;
        };
        let new = com(Object::manager(configuration, Box::new(ThisHost)));
        let result = query_interface(new, interface, made);
        release(new);
        result
    }
}

unsafe extern "system" fn lock_server(_this: *mut Factory, _lock: i32) -> HRESULT {
    OK
}

/// An object with one reference.
fn com(object: Object) -> *mut Com {
    Box::into_raw(Box::new(Com {
        methods: &METHODS,
        count: AtomicU32::new(1),
        object,
    }))
}

unsafe extern "system" fn query_interface(
    this: *mut Com,
    interface: *const GUID,
    made: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: COM gives a living object, an identifier and room for a pointer.
    unsafe {
        if is(&*interface, &IUNKNOWN) || is(&*interface, &IDISPATCH) {
            add_ref(this);
            *made = this.cast();
            return OK;
        }
        *made = ptr::null_mut();
        E_NOINTERFACE
    }
}

unsafe extern "system" fn add_ref(this: *mut Com) -> u32 {
    // SAFETY: the object lives.
    unsafe { (*this).count.fetch_add(1, Ordering::Relaxed) + 1 }
}

unsafe extern "system" fn release(this: *mut Com) -> u32 {
    // SAFETY: the object lives; with its last reference nobody has it any more.
    unsafe {
        let left = (*this).count.fetch_sub(1, Ordering::AcqRel) - 1;
        if left == 0 {
            drop(Box::from_raw(this));
        }
        left
    }
}

unsafe extern "system" fn get_type_info_count(_this: *mut Com, count: *mut u32) -> HRESULT {
    // SAFETY: COM gives room for a number.
    unsafe { *count = 0 };
    OK
}

unsafe extern "system" fn get_type_info(
    _this: *mut Com,
    _number: u32,
    _locale: u32,
    _made: *mut *mut c_void,
) -> HRESULT {
    E_NOTIMPL
}

unsafe extern "system" fn get_ids_of_names(
    _this: *mut Com,
    _interface: *const GUID,
    names: *const *const u16,
    count: u32,
    _locale: u32,
    ids: *mut i32,
) -> HRESULT {
    if count != 1 {
        return DISP_E_UNKNOWNNAME; // Names of arguments: nobody names them.
    }
    // SAFETY: one name that ends in a NUL, and room for its number.
    unsafe {
        let name = *names;
        let length = (0..).take_while(|&at| *name.add(at) != 0).count();
        let name = String::from_utf16_lossy(std::slice::from_raw_parts(name, length));
        match NAMES.iter().position(|known| *known == name) {
            Some(number) => {
                *ids = number as i32;
                OK
            }
            None => DISP_E_UNKNOWNNAME,
        }
    }
}

unsafe extern "system" fn invoke(
    this: *mut Com,
    id: i32,
    _interface: *const GUID,
    _locale: u32,
    how: u16,
    parameters: *const DISPPARAMS,
    result: *mut VARIANT,
    exception: *mut EXCEPINFO,
    _wrong: *mut u32,
) -> HRESULT {
    let Some(name) = usize::try_from(id).ok().and_then(|id| NAMES.get(id)) else {
        return DISP_E_UNKNOWNNAME;
    };
    // SAFETY: the object lives; the arguments are as many as they are said to be, the last one first.
    let (object, arguments) = unsafe {
        let count = (*parameters).cArgs as usize;
        let raw = match count {
            0 => &[],
            count => std::slice::from_raw_parts((*parameters).rgvarg, count),
        };
        let values: Option<Vec<Value>> = raw.iter().rev().map(|raw| value(raw)).collect();
        (&(*this).object, values)
    };
    let Some(arguments) = arguments else {
        return DISP_E_TYPEMISMATCH;
    };
    let done = match (how & DISPATCH_PROPERTYPUT != 0, arguments.as_slice()) {
        (true, [new]) => object.put(name, new).map(|()| Value::Nothing),
        (true, _) => return DISP_E_TYPEMISMATCH,
        (false, arguments) => object.call(name, arguments),
    };
    match done {
        Ok(given) => {
            if !result.is_null() {
                // SAFETY: there is room for a result, which becomes the caller's.
                unsafe { *result = variant(given) };
            }
            OK
        }
        Err(refused) => {
            // SAFETY: null, or room for an exception, whose texts become the caller's.
            unsafe { describe(&refused, exception) };
            DISP_E_EXCEPTION
        }
    }
}

/// # Safety
/// `exception` is null or has room for one.
unsafe fn describe(refused: &Refused, exception: *mut EXCEPINFO) {
    if exception.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        *exception = EXCEPINFO::default();
        (*exception).scode = refused.code.cast_signed();
        (*exception).bstrDescription = bstr(&refused.why);
    }
}

/// # Safety
/// The type says which member is valid.
unsafe fn value(raw: &VARIANT) -> Option<Value> {
    // SAFETY: the caller's promise; a BSTR knows its length.
    unsafe {
        let inner = &raw.Anonymous.Anonymous;
        match inner.vt {
            VT_I4 | VT_UI4 => Some(Value::Number(inner.Anonymous.ulVal)),
            VT_BSTR => {
                let text = inner.Anonymous.bstrVal;
                let units = match text.is_null() {
                    true => &[],
                    false => std::slice::from_raw_parts(text, SysStringLen(text) as usize),
                };
                Some(Value::Text(String::from_utf16_lossy(units)))
            }
            _ => None,
        }
    }
}

fn variant(value: Value) -> VARIANT {
    let mut made = VARIANT::default();
    let inner = &raw mut made.Anonymous;
    // SAFETY: the type is written together with the member that it names.
    unsafe {
        match value {
            Value::Nothing => {}
            Value::Number(number) => {
                (*inner).Anonymous.vt = VT_UI4;
                (*inner).Anonymous.Anonymous.ulVal = number;
            }
            Value::Flag(flag) => {
                (*inner).Anonymous.vt = VT_BOOL;
                (*inner).Anonymous.Anonymous.boolVal = -i16::from(flag);
            }
            Value::Text(text) => {
                (*inner).Anonymous.Anonymous.bstrVal = bstr(&text);
                (*inner).Anonymous.vt = VT_BSTR;
            }
            Value::Object(object) => {
                (*inner).Anonymous.Anonymous.pdispVal = com(object).cast();
                (*inner).Anonymous.vt = VT_DISPATCH;
            }
        }
    }
    made
}

fn bstr(text: &str) -> BSTR {
    let units: Vec<u16> = text.encode_utf16().collect();
    // SAFETY: the text has that many units.
    unsafe { SysAllocStringLen(units.as_ptr(), units.len() as u32) }
}

fn is(one: &GUID, other: &GUID) -> bool {
    let whole = |id: &GUID| (id.data1, id.data2, id.data3, id.data4);
    whole(one) == whole(other)
}
