//! The security of WMI's namespaces, through WMI's objects for scripts. Writing is not yet seen on Windows.
//!
//! Class `__SystemSecurity`, methods `GetSD` and `SetSD` ("WMI System Classes"; wbemdisp.idl).

use agent_protocol::{Failure, FailureKind, Namespace};

use super::automation::{Argument, NOT_ALLOWED, Object, Value};

/// Its one instance, by which Windows knows it, and the class itself, which is all that Wine has.
const SECURITY: [&str; 2] = ["__SystemSecurity=@", "__SystemSecurity"];

/// The security descriptor, self-relative; `None` where there is no such namespace.
pub fn read(path: &Namespace) -> Result<Option<Vec<u8>>, Failure> {
    let Some(security) = open(path)? else {
        return Ok(None);
    };
    let answer = security.object("ExecMethod_", &[Argument::Text("GetSD")])?;
    succeeded(&answer, path, "read")?;
    match answer.call("SD", &[])? {
        Value::Bytes(descriptor) => Ok(Some(descriptor)),
        _ => Err(Failure::new(
            FailureKind::Failed,
            format!("the security of {path} is told in a form that is not known"),
        )),
    }
}

/// Replaces it.
pub fn write(path: &Namespace, descriptor: &[u8]) -> Result<(), Failure> {
    let security = open(path)?.ok_or_else(|| {
        Failure::new(
            FailureKind::NotFound,
            format!("there is no namespace {path}"),
        )
    })?;
    let methods = security.object("Methods_", &[])?;
    let method = methods.object("Item", &[Argument::Text("SetSD")])?;
    let arguments = method.object("InParameters", &[])?;
    let arguments = arguments.object("SpawnInstance_", &[])?;
    let properties = arguments.object("Properties_", &[])?;
    let property = properties.object("Item", &[Argument::Text("SD")])?;
    property.set("Value", Argument::Bytes(descriptor))?;
    let call = [Argument::Text("SetSD"), Argument::Object(&arguments)];
    succeeded(&security.object("ExecMethod_", &call)?, path, "change")
}

fn open(path: &Namespace) -> Result<Option<Object>, Failure> {
    let locator = Object::create("WbemScripting.SWbemLocator")?;
    let arguments = [Argument::Text("."), Argument::Text(path.as_str())];
    let services = match locator.object("ConnectServer", &arguments) {
        Err(failure) if failure.kind == FailureKind::NotFound => return Ok(None),
        services => services?,
    };
    let [instance, class] = SECURITY;
    let found = services.object("Get", &[Argument::Text(instance)]);
    found
        .or_else(|_| services.object("Get", &[Argument::Text(class)]))
        .map(Some)
}

/// What the method itself returned, beside the call that went well.
fn succeeded(answer: &Object, path: &Namespace, verb: &str) -> Result<(), Failure> {
    let result = answer.number("ReturnValue")?.cast_unsigned();
    let kind = match result {
        0 => return Ok(()),
        NOT_ALLOWED => FailureKind::Denied,
        _ => FailureKind::Failed,
    };
    let what = format!("{verb} the security of {path}: result 0x{result:08x}");
    Err(Failure::new(kind, what))
}
