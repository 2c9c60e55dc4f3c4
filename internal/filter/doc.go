// Package filter decides which events a stream sends.
//
// A filter is a list of conditions, one for each field that is set, and an
// expression. Compile turns the include and exclude lists of a request into a Plan
// once; a Matcher asks it about one event after the other.
//
// # Meaning
//
// A repeated field fits where one of its values does. A filter fits where all
// its fields do; source_labels fits where the source has every label named, as
// the sources are labelled when the event is looked at. An event passes where
// include is empty or one of its filters fits, and none of exclude does. An
// empty filter in include fits everything; one in exclude is refused, since it
// would take everything away. Names and labels are compared byte by byte, the ids
// of users, organizations and projects whatever the case of their letters. Values
// need not exist: only bad syntax is refused.
//
// # Records that cannot be read
//
// An event without a record has no name, category, user, organization or
// project, and often no event_time. Of a condition on what such an event lacks
// nobody can say whether it fits, so its verdict is unknown, and an event is
// never kept from a reader on such a ground: in include unknown counts as
// fitting, in exclude as not fitting. Conditions on what the event does have
// (source, log, origin, labels, and event_time where it is set) are judged as
// ever. A filter with several conditions fails where one fails, else is unknown
// where one is unknown, else fits.
//
// # Expressions
//
// CEL parses, checks and evaluates them, with the types of the messages. An
// expression that asks for something of the record, of an event that has none, is
// unknown as a whole, and so is one that asks for an event_time that is not set.
// What a readable event does not have, or has of a type that an operation does not
// take, fails the expression, in include and exclude alike, and counts as a miss.
// Other errors end the matching.
//
// An expression is whoever opens a stream's, so it is taken for hostile. Its text,
// its depth and its loops are bounded; nothing in it makes a text or a list longer
// than those it is given; a meter is charged before each step in proportion to what
// the step will do, and ends the evaluation when it is used up.
//
// # Where the verdicts come from
//
// Conditions and expressions read an event's encoded bytes: its facts at once,
// content only as far as an expression asks. They say what the decoded event would
// make them say, for all bytes that can be decoded; tests hold them to that. The
// order is: conditions before expressions, filters without an expression before
// those with one, include before exclude.
package filter
