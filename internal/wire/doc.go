// Package wire reads stored events as they lie, without decoding them: what
// filters and scans ask of an event is found in its bytes, and the bytes of a run
// of events are those of a message that streams them.
//
// What it says of an event is what the decoded event says: of a field that stands
// twice the last one counts, parts of a message that stands twice are merged, and
// of a oneof the last member counts.
package wire
