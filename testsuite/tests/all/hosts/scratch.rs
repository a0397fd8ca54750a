//! What one test makes on a host: taken away when the test is over.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use model::inventory::Service;
use model::names::{LogonAccount, ServiceName};
use model::ports::{ErrorKind, Host, ProgramOutput, ProgramRun, WorldError};
use model::secret::Password;

use super::accepted::Entry;
use super::site::{Site, on_both};

/// Longer than anything takes here.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The service that both hosts have.
pub const SYNC: &str = "FIMSynchronizationService";
/// What the names of all services begin with that tests make.
const PREFIX: &str = "GmsaProbe";
/// The folder of the tests.
pub const FOLDER: &str = r"C:\GmsaProbe";
/// A program that is a service under whatever name it is installed.
const PROGRAM: &str = r"C:\Windows\System32\spoolsv.exe";
/// Access lists that a fresh Windows has not, with the registry values that they are.
pub const PROBED_LISTS: [(&str, &str, &str); 2] = [
    (
        "DefaultAccessPermission",
        r"HKLM\SOFTWARE\Microsoft\Ole",
        "DefaultAccessPermission",
    ),
    (
        // That of the Background Intelligent Transfer Service.
        r"AppID\{69ad4aee-51be-439b-a92c-86ae490e8b30}\AccessPermission",
        r"HKLM\SOFTWARE\Classes\AppID\{69AD4AEE-51BE-439B-A92C-86AE490E8B30}",
        "AccessPermission",
    ),
];
const TOOLS: &str =
    r"C:\Program Files\Microsoft Forefront Identity Manager\2010\Synchronization Service\Bin";

/// A host, and what a test makes on it.
pub struct Scratch {
    pub site: Arc<Site>,
    /// The port under test.
    pub host: Arc<dyn Host>,
}

/// Runs a test on both hosts, and cleans up also when it fails.
pub async fn in_scratch<F: Future<Output = ()> + Send + 'static>(
    test: impl Fn(Arc<Scratch>) -> F + Clone + Send + 'static,
) {
    on_both(move |site| {
        let test = test.clone();
        async move {
            let host = site.host("MIMSYNC01").await;
            let scratch = Arc::new(Scratch { site, host });
            let outcome = tokio::spawn(test(Arc::clone(&scratch))).await;
            scratch.clean_up().await;
            if let Err(failed) = outcome {
                std::panic::resume_unwind(failed.into_panic());
            }
        }
    })
    .await;
}

impl Scratch {
    /// A stopped service of LocalSystem that starts on demand, with these further options of `sc create`.
    pub async fn service(&self, name: &str, options: &[&str]) -> ServiceName {
        let name = format!("{PREFIX}{name}");
        let create = ["create", &name, "binPath=", PROGRAM];
        let made = self.sc(&[&create[..], options].concat()).await;
        assert_eq!(made.exit_code, 0, "{made:?}");
        name.parse().unwrap()
    }

    /// A service that is there.
    pub async fn found(&self, name: &ServiceName) -> Service {
        self.host.service(name).await.unwrap().unwrap()
    }

    /// A tool of the Synchronization Service.
    pub fn tool(&self, name: &str) -> String {
        format!(r"{TOOLS}\{name}")
    }

    /// Runs a program to its end.
    pub async fn run(
        &self,
        program: &str,
        args: &[&str],
        stdin: Option<&Password>,
    ) -> Result<ProgramOutput, WorldError> {
        let args: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
        let run = ProgramRun {
            program,
            args: &args,
            stdin,
            timeout: PATIENCE,
        };
        self.host.run(run).await
    }

    /// What a request gave; `None` where the rig does not have it, for a reason that stands on the list.
    #[track_caller]
    pub fn given<T: Debug>(&self, id: &str, outcome: Result<T, WorldError>) -> Option<T> {
        let error = match outcome {
            Ok(given) => return Some(given),
            Err(error) => error,
        };
        self.accept(id, &format!("{:?}", error.kind), &error.to_string());
        None
    }

    /// Both are the same, or the rig has what stands on the list; whether they are.
    #[track_caller]
    pub fn same<T: Debug + PartialEq>(&self, id: &str, found: T, expected: T) -> bool {
        if found != expected {
            let said = format!("{found:?} instead of {expected:?}");
            self.accept(id, &format!("{found:?}"), &said);
            return false;
        }
        true
    }

    /// A request was refused in this way and with these words, or the rig did what stands on the list; whether it was.
    #[track_caller]
    pub fn refused<T: Debug>(
        &self,
        id: Option<&str>,
        kind: ErrorKind,
        words: &str,
        outcome: Result<T, WorldError>,
    ) -> bool {
        match (outcome, id) {
            (Err(error), _) if error.kind == kind && error.to_string().contains(words) => {
                assert!(!error.ambiguous, "{error}");
                return true;
            }
            (Err(error), Some(id)) => {
                self.accept(id, &format!("{:?}", error.kind), &error.to_string());
            }
            (Ok(_), Some(id)) => self.accept(id, "works", "it worked"),
            (outcome, None) => panic!("{outcome:?} instead of {kind:?} with {words:?}"),
        }
        false
    }

    #[track_caller]
    fn accept(&self, id: &str, found: &str, said: &str) {
        let entry = Entry::of(id);
        let listed = entry.wine.iter().any(|listed| listed == found);
        assert!(
            self.site.is_rig() && listed,
            "{id}: {said} ({found} is not on the list of accepted differences)"
        );
    }

    /// What `sc query` says.
    pub async fn sc_query(&self, service: &str) -> ProgramOutput {
        self.sc(&["query", service]).await
    }

    async fn sc(&self, args: &[&str]) -> ProgramOutput {
        self.run(r"C:\Windows\System32\sc.exe", args, None)
            .await
            .unwrap()
    }

    async fn clean_up(&self) {
        for found in self.host.services().await.unwrap() {
            let name = found.name;
            if name.as_str().starts_with(PREFIX) {
                self.host.stop_service(&name, PATIENCE).await.unwrap();
                let gone = self.sc(&["delete", name.as_str()]).await;
                assert_eq!(gone.exit_code, 0, "{gone:?}");
            }
        }
        for (_, key, value) in PROBED_LISTS {
            self.host.delete_registry_value(key, value).await.unwrap();
        }
        for file in [r"\keys.bin", r"\one\keys.bin"] {
            let file = format!("{FOLDER}{file}");
            self.host.delete_file(&file).await.unwrap();
        }
        for folder in [r"\one\two", r"\one", ""] {
            let folder = format!("{FOLDER}{folder}");
            self.host.delete_empty_folder(&folder).await.unwrap();
            assert!(!self.host.folder_exists(&folder).await.unwrap());
        }
    }
}

/// `CONTOSO\name`.
pub fn account(name: &str) -> LogonAccount {
    LogonAccount::domain("CONTOSO", name.parse().unwrap())
}
