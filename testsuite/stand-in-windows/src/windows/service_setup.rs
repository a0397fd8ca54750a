//! Carries out what setup is to do for a service: its account is looked at, or set, and then it runs again.

use super::{machine, service};
use crate::service_setup::Order;

/// Does it.
///
/// # Errors
/// What setup would end with.
pub fn run() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let order = Order::parse(&arguments)?;
    if order.only_checks {
        return Ok(());
    }
    if let Some(account) = &order.account {
        if !order.password.is_empty() {
            machine::keep_password(account, order.password.as_bytes())?;
        }
        service::set_account(&order.service, account)?;
    }
    service::start_and_wait(&order.service)
}
