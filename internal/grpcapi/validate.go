package grpcapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// Validator checks requests: the rules of the proto files, and those that a proto
// file cannot hold.
type Validator struct {
	rules protovalidate.Validator
	now   func() time.Time
}

// NewValidator makes a Validator that takes the present from now.
func NewValidator(now func() time.Time) (*Validator, error) {
	rules, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("compile the validation rules: %w", err)
	}
	return &Validator{rules: rules, now: now}, nil
}

// Validate names everything that is wrong with a request in one *audit.Error of
// KindInvalid, with the fields' paths from the request's root. No problem repeats
// a text of the caller's: a secret in the wrong field must not come back.
//
// Any other error is a fault of the rules themselves.
func (v *Validator) Validate(request proto.Message) error {
	if err := malformed(request); err != nil {
		return err
	}
	problems, err := v.protoProblems(request)
	if err != nil {
		return err
	}
	problems = append(problems, unknownProblems("", request.ProtoReflect())...)
	problems = append(problems, v.moreProblems(request)...)
	// Output-only parts are ignored, whatever release they come from.
	problems = slices.DeleteFunc(problems, func(p audit.FieldProblem) bool { return strings.HasPrefix(p.Field, "source.status.") })
	if update, ok := request.(*snykstreamv1.UpdateSourceRequest); ok {
		problems = slices.DeleteFunc(problems, func(p audit.FieldProblem) bool { return outsideMask(update, p.Field) })
	}
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b audit.FieldProblem) int { return strings.Compare(a.Field, b.Field) })
	// One problem for each field: what the proto says of it stands first.
	problems = slices.CompactFunc(problems, func(a, b audit.FieldProblem) bool { return a.Field == b.Field })
	return audit.Invalid(problems...)
}

// moreProblems are the rules that the proto files cannot hold, by request.
func (v *Validator) moreProblems(request proto.Message) []audit.FieldProblem {
	switch r := request.(type) {
	case *snykstreamv1.CreateSourceRequest:
		return createProblems(r, v.now())
	case *snykstreamv1.UpdateSourceRequest:
		return updateProblems(r, v.now())
	case *snykstreamv1.ListSourcesRequest:
		return listProblems(r)
	case *snykstreamv1.ValidateCredentialsRequest:
		return validateCredentialsProblems(r, v.now())
	case *snykstreamv1.StreamEventsRequest:
		_, problems := readStreamRequest(r, nil) // and so come with all the others
		return problems
	}
	return nil
}

// protoProblems are the violations of the rules in the proto files.
func (v *Validator) protoProblems(request proto.Message) ([]audit.FieldProblem, error) {
	err := v.rules.Validate(request)
	if err == nil {
		return nil, nil
	}
	violated, ok := errors.AsType[*protovalidate.ValidationError](err)
	if !ok {
		return nil, fmt.Errorf("evaluate the validation rules: %w", err)
	}
	problems := make([]audit.FieldProblem, 0, len(violated.Violations))
	for _, violation := range violated.Violations {
		problems = append(problems, problemOf(request.ProtoReflect().Descriptor(), violation))
	}
	return problems, nil
}
