package grpcapi

import (
	"regexp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// sourceID is the form of a source's id, as the proto files have it.
var sourceID = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// noSource says that no source has the id. The id is not repeated: what does not
// look like one may be anything, a misplaced secret too.
func noSource() *audit.Error {
	return &audit.Error{
		Kind: audit.KindNotFound, Reason: snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_NOT_FOUND,
		Message: "no source has this id",
	}
}
