package audit

import (
	"time"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// FeedReport is what a collector tells of a feed after each thing it did.
type FeedReport struct {
	SourceID string
	Feed     Feed
	// State is the feed's state, progress without events included.
	State FeedState
	// Base is the journal sequence that State includes: whoever has read the
	// journal that far may take State as true of its position.
	Base uint64
	// Lanes are the lanes being read.
	Lanes []LaneKind
	// LastPoll is when the last poll began, LastSuccess when one last read the
	// tail to its end. Zero before the first.
	LastPoll, LastSuccess time.Time
	// Present was the present by the slower of Snyk's clock and ours when this was
	// told, which is as far as time can be proven read. Zero: not known.
	Present time.Time
	// Trouble is what went wrong last; nil once a poll succeeds.
	Trouble *Trouble
	// Warnings are troubles that do not stop the collection.
	Warnings []string
	// Interval is the time between two polls now. It exceeds the one asked for where
	// the credential's budget does not suffice for that.
	Interval time.Duration
	// Found says that the feed was found in the group and not asked for by name:
	// that it may not be read is no failure of the source.
	Found bool
}

// Trouble is what went wrong with a feed.
type Trouble struct {
	// Time is when it went wrong.
	Time       time.Time
	State      snykstreamv1.SourceState
	Reason     snykstreamv1.ErrorReason
	Message    string
	HTTPStatus int
	RequestID  string
	RetryTime  time.Time
}
