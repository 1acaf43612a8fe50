use super::*;

#[test]
fn answers_are_the_same_after_they_were_stored() {
    let refusal = (true, "not unique".to_owned());
    let all = [
        KeptAnswer::Done,
        KeptAnswer::Job(-5, 7),
        KeptAnswer::Refusals(vec![("job-1".into(), refusal.clone())]),
        KeptAnswer::Batch(1, u64::MAX),
        KeptAnswer::Changed(3, Some(4)),
        KeptAnswer::Begun(9, vec![("job-2".into(), refusal)]),
    ];
    let answers: BTreeMap<OpNumber, KeptAnswer> = (1..).map(OpNumber).zip(all).collect();
    assert_eq!(decode(&encode(&answers).unwrap()).unwrap(), answers);
}

/// What is in databases must be read by all later versions.
#[test]
fn stored_form_is_as_it_was() {
    let refusal = (false, "no".to_owned());
    let answers = BTreeMap::from([
        (OpNumber(1), KeptAnswer::Done),
        (OpNumber(300), KeptAnswer::Job(1, -1)),
        (
            OpNumber(301),
            KeptAnswer::Begun(5, vec![("j".into(), refusal)]),
        ),
    ]);
    let bytes = [
        1, 3, 1, 0, 172, 2, 1, 2, 1, 173, 2, 5, 5, 1, 1, b'j', 0, 2, b'n', b'o',
    ];
    assert_eq!(encode(&answers).unwrap(), bytes);
    assert_eq!(decode(&bytes).unwrap(), answers);
}

#[test]
fn what_cannot_be_read_is_told() {
    assert_eq!(decode(&[]), Err(UnreadableLog::Damaged));
    assert_eq!(decode(&[1, 5, 1]), Err(UnreadableLog::Damaged));
    assert_eq!(decode(&[2, 0]), Err(UnreadableLog::Newer));
}
