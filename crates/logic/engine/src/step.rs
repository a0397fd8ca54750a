//! What a step is: observe, apply, check, undo.

use async_trait::async_trait;
use model::names::StepId;
use model::ports::{ErrorKind, WorldError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::history::{History, StepRecord};
use crate::world::World;

/// What a step sees: the world, and what earlier steps of the same run found and did.
pub(crate) struct Scene<'a> {
    /// The ports.
    pub world: &'a World,
    /// The run so far.
    pub history: &'a History,
    /// The step itself.
    pub step: &'a StepId,
}

impl Scene<'_> {
    /// What a step of this run found before it changed anything.
    pub fn prior_of<T: DeserializeOwned>(&self, step: &StepId) -> Result<Option<T>, StepError> {
        self.read(step, |record| record.prior.as_ref())
    }

    /// What a step of this run did.
    pub fn outcome_of<T: DeserializeOwned>(&self, step: &StepId) -> Result<Option<T>, StepError> {
        self.read(step, |record| record.outcome.as_ref())
    }

    fn read<T: DeserializeOwned>(
        &self,
        step: &StepId,
        part: impl Fn(&StepRecord) -> Option<&Value>,
    ) -> Result<Option<T>, StepError> {
        let Some(value) = self.history.step(step).and_then(part) else {
            return Ok(None);
        };
        T::deserialize(value)
            .map(Some)
            .map_err(|error| unreadable(step, &error))
    }
}

/// Whether a step's outcome holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// It holds; the text says what was seen.
    Holds(String),
    /// It does not; the text says what was seen instead.
    Differs(String),
    /// There is no way to see it from outside; a later step proves it.
    CannotTell(String),
}

/// Why a step could not do its part.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A gate is not open yet; nothing was touched.
    #[error("{why}")]
    Waiting {
        /// What it waits for.
        why: String,
        /// What to do meanwhile.
        advice: Option<String>,
    },
    /// A person is to make the change: the run halts, and looks again when it is applied again.
    #[error("{why}")]
    HandedOver {
        /// What was seen.
        why: String,
        /// What to do.
        advice: String,
    },
    /// The world refused or did not answer.
    #[error(transparent)]
    World(#[from] WorldError),
    /// What was found forbids going on.
    #[error("{why}")]
    Refused {
        /// What was found.
        why: String,
        /// What to do.
        advice: Option<String>,
    },
    /// The journal does not hold what it must.
    #[error("the journal's record of step {step} cannot be read: {why}")]
    Record {
        /// The step whose record it is.
        step: String,
        /// What is wrong with it.
        why: String,
    },
}

impl StepError {
    /// A refusal with advice.
    pub(crate) fn refused(why: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Refused {
            why: why.into(),
            advice: Some(advice.into()),
        }
    }

    /// A refusal because something is not there.
    pub(crate) fn missing(what: impl Into<String>) -> Self {
        Self::World(WorldError::new(ErrorKind::NotFound, what))
    }

    /// Whether the change may have been made all the same.
    pub(crate) fn is_ambiguous(&self) -> bool {
        matches!(self, Self::World(error) if error.ambiguous)
    }

    /// What to do.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Waiting { advice, .. } | Self::Refused { advice, .. } => advice.clone(),
            Self::HandedOver { advice, .. } => Some(advice.clone()),
            Self::World(error) => error.advice.clone(),
            Self::Record { .. } => None,
        }
    }
}

/// One step: knows one thing, changes one thing, takes back its own change only.
#[async_trait]
pub(crate) trait Step: Send + Sync {
    /// What `observe` found: journaled before `apply`, so undo survives a crash.
    type Prior: Serialize + DeserializeOwned + Send + Sync;
    /// What undo and later steps need to know of what `apply` did.
    type Outcome: Serialize + DeserializeOwned + Send + Sync;

    /// Whether its outcome is still to be seen when the run is over.
    fn lasts(&self) -> bool {
        true
    }

    async fn observe(&self, scene: &Scene<'_>) -> Result<Self::Prior, StepError>;

    /// Idempotent: reads first and makes only what is missing, since after a crash or a lost answer it is called
    /// again with the same prior state.
    async fn apply(
        &self,
        scene: &Scene<'_>,
        prior: &Self::Prior,
    ) -> Result<Self::Outcome, StepError>;

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError>;

    /// Refuses where undo would refuse what is there now. All steps are asked before the first is taken back: a way
    /// back that cannot be gone to its end is not begun.
    async fn can_undo(&self, _scene: &Scene<'_>, _prior: &Self::Prior) -> Result<(), StepError> {
        Ok(())
    }

    /// Idempotent. `outcome` is missing where a crash came before it was recorded.
    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &Self::Prior,
        outcome: Option<&Self::Outcome>,
    ) -> Result<(), StepError>;
}

/// A step with no state of its own to record: a gate, or one whose way back stands in another step's record.
#[async_trait]
pub(crate) trait StepWithoutPrior: Send + Sync {
    /// As [`Step::apply`].
    async fn apply(&self, scene: &Scene<'_>) -> Result<(), StepError>;

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError>;

    /// As [`Step::can_undo`].
    async fn can_undo(&self, _scene: &Scene<'_>) -> Result<(), StepError> {
        Ok(())
    }

    /// Idempotent. Nothing, unless it says otherwise.
    async fn undo(&self, _scene: &Scene<'_>) -> Result<(), StepError> {
        Ok(())
    }
}

#[async_trait]
impl<S: StepWithoutPrior> Step for S {
    type Prior = ();
    type Outcome = ();

    async fn observe(&self, _scene: &Scene<'_>) -> Result<(), StepError> {
        Ok(())
    }

    async fn apply(&self, scene: &Scene<'_>, (): &()) -> Result<(), StepError> {
        StepWithoutPrior::apply(self, scene).await
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        StepWithoutPrior::check(self, scene).await
    }

    async fn can_undo(&self, scene: &Scene<'_>, (): &()) -> Result<(), StepError> {
        StepWithoutPrior::can_undo(self, scene).await
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        (): &(),
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        StepWithoutPrior::undo(self, scene).await
    }
}

/// A step whose prior state and outcome are JSON, as the journal keeps them.
#[async_trait]
pub(crate) trait JournaledStep: Send + Sync {
    fn lasts(&self) -> bool;
    async fn observe(&self, scene: &Scene<'_>) -> Result<Value, StepError>;
    async fn apply(&self, scene: &Scene<'_>, prior: &Value) -> Result<Value, StepError>;
    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError>;
    async fn can_undo(&self, scene: &Scene<'_>, prior: &Value) -> Result<(), StepError>;
    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &Value,
        outcome: Option<&Value>,
    ) -> Result<(), StepError>;
}

#[async_trait]
impl<S: Step> JournaledStep for S {
    fn lasts(&self) -> bool {
        Step::lasts(self)
    }

    async fn observe(&self, scene: &Scene<'_>) -> Result<Value, StepError> {
        serde_json::to_value(Step::observe(self, scene).await?)
            .map_err(|error| unreadable(scene.step, &error))
    }

    async fn apply(&self, scene: &Scene<'_>, prior: &Value) -> Result<Value, StepError> {
        let prior = S::Prior::deserialize(prior).map_err(|error| unreadable(scene.step, &error))?;
        let outcome = Step::apply(self, scene, &prior).await?;
        serde_json::to_value(outcome).map_err(|error| unreadable(scene.step, &error))
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        Step::check(self, scene).await
    }

    async fn can_undo(&self, scene: &Scene<'_>, prior: &Value) -> Result<(), StepError> {
        let prior = S::Prior::deserialize(prior).map_err(|error| unreadable(scene.step, &error))?;
        Step::can_undo(self, scene, &prior).await
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &Value,
        outcome: Option<&Value>,
    ) -> Result<(), StepError> {
        let unreadable = |error: serde_json::Error| unreadable(scene.step, &error);
        let prior = S::Prior::deserialize(prior).map_err(unreadable)?;
        let outcome = outcome
            .map(S::Outcome::deserialize)
            .transpose()
            .map_err(unreadable)?;
        Step::undo(self, scene, &prior, outcome.as_ref()).await
    }
}

fn unreadable(step: &StepId, error: &serde_json::Error) -> StepError {
    StepError::Record {
        step: step.to_string(),
        why: error.to_string(),
    }
}
