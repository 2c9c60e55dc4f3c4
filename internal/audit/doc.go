// Package audit is the domain of snykstream: records, events, feeds, ledgers,
// secrets and kinds of error, and the rules between them. It does no I/O.
//
// The messages of the contract that callers see (snykstreamv1.Event, Source and
// so on) are used as they are; what callers never see has types here.
package audit
