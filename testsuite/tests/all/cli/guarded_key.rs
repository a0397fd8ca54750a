//! A registry key of the Synchronization Service's host whose access list names an account.

use std::collections::BTreeMap;

use hosts::EstateHosts;
use model::estate::Estate;
use model::host::AccessList;
use model::ports::Hosts;
use security::{AccessMask, Sid};
use serde_json::Value;

use super::answer::DONE;
use super::scene::Scene;
use super::wine::Wine;
use crate::rig::Rig;

const HOST: &str = "MIMSYNC01";
/// Below the key that the products have in common.
const KEY: &str = r"HKLM\SOFTWARE\Microsoft\Forefront Identity Manager\2010\GmsaProbe";
/// KEY_READ and KEY_SET_VALUE.
const RIGHTS: AccessMask = AccessMask(0x2_001B);

/// The key, there until this goes out of scope.
pub struct GuardedKey(Wine);

impl GuardedKey {
    /// Makes the key, and lets the account read and set its values: by the agent, since Wine has no tool for it.
    pub fn for_account(account: Sid) -> Self {
        let key = Self(Wine("mimsync01"));
        key.0.says(&["reg", "add", KEY, "/f"]);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let file = Rig::get().path("RIG_ESTATE");
            let text = String::from_utf8(Rig::get().bytes("RIG_ESTATE")).unwrap();
            let estate = Estate::parse(&text, file.parent().unwrap()).unwrap();
            let hosts = EstateHosts::new(&estate, BTreeMap::new(), None);
            let host = hosts.host(&HOST.parse().unwrap()).await.unwrap();
            let list: AccessList = KEY.parse().unwrap();
            let mut descriptor = host.access_list(&list).await.unwrap().unwrap();
            assert!(descriptor.grant(account, RIGHTS).unwrap());
            host.write_access_list(&list, &descriptor).await.unwrap();
            hosts.close().await;
        });
        key
    }

    /// Gives an account the entries that another one has.
    pub fn copy(&self, scene: &Scene, from: &str, to: &str) -> Value {
        let copy = ["host", "access", "copy", HOST, "--from", from, "--to", to];
        let answer = scene.json(&[&copy[..], &["--on", KEY]].concat());
        answer.ended(DONE).json()
    }

    /// What an account's own entries mean.
    pub fn means(&self, scene: &Scene, account: &str) -> Vec<String> {
        let show = ["host", "access", "show", HOST, "--of", account];
        let answer = scene.json(&[&show[..], &["--below", KEY]].concat());
        let shown = answer.ended(DONE).json();
        let entries = shown["entries"].as_array().unwrap().iter();
        let of_key = entries.filter(|entry| entry["list"] == KEY);
        let means = of_key.map(|entry| entry["means"].as_str().unwrap().to_owned());
        means.collect()
    }
}

impl Drop for GuardedKey {
    fn drop(&mut self) {
        self.0.says(&["reg", "delete", KEY, "/f"]);
    }
}
