//! `klist`, `shutdown`, `gpupdate` and `wevtutil`, as far as conversions use them.

use super::Ending;
use crate::hosts::event_log::Log;
use crate::hosts::machine::Machine;

/// `klist -li 0x3e7 purge`: the computer's own logon session gets new tickets.
pub fn klist(machine: &mut Machine<'_>, arguments: &[&str]) -> Ending {
    let lower: Vec<_> = arguments
        .iter()
        .map(|word| word.to_lowercase().replace('/', "-"))
        .collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["-li", "0x3e7", "purge"] | ["-lh", "0", "-li", "0x3e7", "purge"] => {
            machine.purge_tickets();
            Ending::done(
                "Current LogonId is 0:0x3e7\r\n\tDeleting all tickets:\r\n\tTicket(s) purged!",
            )
        }
        ["purge"] => Ending::done("\tDeleting all tickets:\r\n\tTicket(s) purged!"),
        _ => Ending::failed(1, "usage: klist [-lh LOGON_ID] [-li LOGON_ID] purge"),
    }
}

/// `shutdown /r [/t SECONDS] [/f]`.
pub fn shutdown(machine: &mut Machine<'_>, arguments: &[&str]) -> Ending {
    let restarts = arguments.iter().any(|word| word.eq_ignore_ascii_case("/r"));
    if !restarts {
        return Ending::failed(
            1,
            "this lab's hosts can only be restarted: shutdown /r /t 0",
        );
    }
    machine.restart();
    Ending::done("")
}

/// `gpupdate [/target:computer] [/force]`.
pub fn gpupdate(machine: &mut Machine<'_>, _arguments: &[&str]) -> Ending {
    machine.apply_policy();
    Ending::done("Updating policy...\r\n\r\nComputer Policy update has completed successfully.")
}

/// `wevtutil qe LOG [/c:COUNT] [/rd:true] [/f:text]`.
pub fn wevtutil(machine: &mut Machine<'_>, arguments: &[&str]) -> Ending {
    let usage = || {
        Ending::failed(
            87,
            "usage: wevtutil qe System|Application [/c:COUNT] [/rd:true] /f:text",
        )
    };
    let [verb, log, options @ ..] = arguments else {
        return usage();
    };
    let log = match log.to_lowercase().as_str() {
        "system" => Log::System,
        "application" => Log::Application,
        _ => return Ending::failed(15_007, "The specified channel could not be found."),
    };
    if !["qe", "query-events"].contains(verb) {
        return usage();
    }
    let (mut count, mut newest_first) = (usize::MAX, false);
    for option in options {
        match option.to_lowercase().split_once(':') {
            Some(("/c", number)) => match number.parse() {
                Ok(number) => count = number,
                Err(_) => return usage(),
            },
            Some(("/rd", direction)) => newest_first = direction == "true",
            Some(("/f", "text")) => {}
            _ => return usage(),
        }
    }
    let of_log = machine
        .state
        .events
        .events()
        .filter(|event| event.log == log);
    let mut events: Vec<_> = of_log.collect();
    if newest_first {
        events.reverse();
    }
    let texts = events
        .iter()
        .take(count)
        .enumerate()
        .map(|(at, event)| format!("Event[{at}]\n{event}"));
    Ending::done(texts.collect::<String>())
}
