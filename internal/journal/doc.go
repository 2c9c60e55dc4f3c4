// Package journal is the log of everything collected, over JetStream.
//
// One answer of Snyk's is one entry: its new events and the feed's state after
// them, stored as a whole or not at all. Every append is fenced by the sequence
// of the source's last entry, so of two writers that saw the same state one
// fails. Readers go through the entries in order, from any position, at their
// own pace.
//
// # What is atomic
//
// Append stores a page as one entry. Only a page too large for one entry is
// split; its earlier parts carry the state before the page with the ordinals
// moved on, so that at every moment the last entry of a feed tells the truth.
// The ledger moves with the last part.
//
// # Sequences
//
// The journal's sequences are dense: nothing deletes from the middle. A reader
// that meets a jump reports it as a loss. The journal's age limit takes entries
// from the front; a reader that it overtakes is told so.
package journal
