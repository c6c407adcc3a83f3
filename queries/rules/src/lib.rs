//! Rule files, groups, recording and alerting rules, the alert state machine.
