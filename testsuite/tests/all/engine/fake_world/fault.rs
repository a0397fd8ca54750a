//! Faults: which call, write or record goes wrong, and how.

/// What goes wrong; numbers count from 0 since the fault was armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This write fails without effect.
    Write(usize),
    /// This write has its effect, its answer is lost.
    Answer(usize),
    /// This call, read or write, fails without effect.
    Call(usize),
    /// This call and every one after it fail.
    Outage(usize),
    /// The process dies around this record of the journal.
    Crash(usize, Moment),
    /// First a write fails, then the process dies around a record.
    WriteThenCrash(usize, usize, Moment),
}

/// When the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The record is not stored.
    Before,
    /// The record is stored.
    After,
}

/// What becomes of a call.
pub enum Fate {
    Works,
    Fails,
    AnswerLost,
}

/// What was armed, what was counted.
#[derive(Clone, Default)]
pub struct Faults {
    armed: Option<Fault>,
    calls: usize,
    pub writes: usize,
    records: usize,
    dead: bool,
    /// What the fault hit: for the words of a failed assertion, and to know when no more can be hit.
    pub fired: Option<String>,
}

impl Faults {
    pub fn arm(&mut self, armed: Option<Fault>) {
        *self = Self {
            armed,
            ..Self::default()
        };
    }

    pub fn read(&mut self, what: &str) -> Fate {
        self.call(what, None)
    }

    pub fn write(&mut self, what: &str) -> Fate {
        self.writes += 1;
        self.call(what, Some(self.writes - 1))
    }

    fn call(&mut self, what: &str, write: Option<usize>) -> Fate {
        assert!(
            !self.dead,
            "{what}: asked by a process whose journal had failed"
        );
        let call = self.calls;
        self.calls += 1;
        let fate = match self.armed {
            Some(Fault::Write(n) | Fault::WriteThenCrash(n, ..)) if write == Some(n) => Fate::Fails,
            Some(Fault::Answer(n)) if write == Some(n) => Fate::AnswerLost,
            Some(Fault::Call(n)) if call == n => Fate::Fails,
            Some(Fault::Outage(n)) if call >= n => Fate::Fails,
            _ => return Fate::Works,
        };
        if !matches!(self.armed, Some(Fault::WriteThenCrash(..))) {
            self.fired.get_or_insert_with(|| what.to_owned());
        }
        fate
    }

    /// When the process dies around the record that is being written, if it does.
    pub fn record(&mut self, what: &str) -> Option<Moment> {
        assert!(
            !self.dead,
            "{what}: written by a process whose journal had failed"
        );
        let record = self.records;
        self.records += 1;
        let moment = match self.armed {
            Some(Fault::Crash(n, moment) | Fault::WriteThenCrash(_, n, moment)) if record == n => {
                moment
            }
            _ => return None,
        };
        self.dead = true;
        self.fired = Some(format!("{moment:?} record {what}"));
        Some(moment)
    }
}
