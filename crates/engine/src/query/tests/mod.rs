mod docs;
mod matching;
mod naive;
mod numbers;
mod parsing;
mod redaction;
mod sample;
mod scope;

use super::{Query, Redaction, Redactions, Verdict};
use sample::{Sample, now, wall};
