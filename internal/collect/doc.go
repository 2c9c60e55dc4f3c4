// Package collect is the pull side: it reads Snyk's audit API forward in time
// and appends what is new to the journal.
//
// The way of a record: supervisor (one worker for each source) -> feed (what to
// read next) -> pass (a stretch of time being read) -> reading (one answer, every
// instant whole) -> known (which of it is new) -> page -> journal.
//
// What holds, whatever happens on the way: an answer's events and the feed's
// state after them are stored in one append or not at all; an append is refused
// when anyone else appended to the source since its state was loaded; and time is
// entered in the ledger only when an answer showed it to its end. So a crash, a
// lost race or an error at any point costs a repeated request, never a record.
package collect
