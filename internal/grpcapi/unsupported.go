package grpcapi

import (
	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// notBuilt are the methods of the contract that this release does not build. They
// are refused before anything of their request is looked at.
var notBuilt = map[string]bool{
	snykstreamv1.SourceService_WatchSources_FullMethodName:  true,
	snykstreamv1.LookupService_ImportEntries_FullMethodName: true,
	snykstreamv1.LookupService_LookupNames_FullMethodName:   true,
}

// notYetSupported refuses a method that this release does not build.
func notYetSupported() *audit.Error {
	return &audit.Error{
		Kind: audit.KindUnimplemented, Reason: snykstreamv1.ErrorReason_ERROR_REASON_NOT_YET_SUPPORTED,
		Message: "this release does not build the method yet",
	}
}

// unknownMethod refuses a method that no release has.
func unknownMethod() *audit.Error {
	return &audit.Error{
		Kind: audit.KindUnimplemented, Reason: snykstreamv1.ErrorReason_ERROR_REASON_UNKNOWN_METHOD,
		Message: "no such method: server reflection lists those there are",
	}
}

// unsupported is a field, or a value of one, that this release does not build.
func unsupported(field, description string) audit.FieldProblem {
	return audit.FieldProblem{
		Field: field, Description: description,
		Reason: snykstreamv1.ErrorReason_ERROR_REASON_NOT_YET_SUPPORTED,
	}
}
