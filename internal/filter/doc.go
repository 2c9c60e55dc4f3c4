// Package filter decides which events a stream sends.
//
// A filter is a list of conditions, one for each field that is set. Compile
// turns the include and exclude lists of a request into a Plan once; Match asks
// it about one event after the other.
//
// # Meaning
//
// A repeated field fits where one of its values does. A filter fits where all
// its fields do; source_labels fits where the source has every label named, as
// the sources are labelled when the event is looked at. An event passes where
// include is empty or one of its filters fits, and none of exclude does. An
// empty filter in include fits everything; one in exclude is refused, since it
// would take everything away. Ids, names and labels are compared byte by byte.
// Values need not exist: only bad syntax is refused.
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
// # Where the verdicts come from
//
// Conditions look at facts alone: the few cheap values that a plan may ask for.
// Nothing else of the event is read, so whoever fills the facts, from a decoded
// event or from its bytes, gets the same verdicts.
package filter
