package grpcapi

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

var testTime = time.Date(2025, 11, 22, 12, 0, 0, 0, time.UTC)

// memory is Sources and Vault in memory, to the letter of their interfaces.
type memory struct {
	mu       sync.Mutex
	records  map[string]audit.SourceRecord
	secrets  map[string]audit.Credential
	revision uint64
	// fail, where set, is what every method returns.
	fail error
	// beforeUpdate runs before an update, outside the lock: whoever else is at work.
	beforeUpdate func()
}

func newMemory() *memory {
	return &memory{records: map[string]audit.SourceRecord{}, secrets: map[string]audit.Credential{}}
}

func (m *memory) put(rec audit.SourceRecord) audit.SourceRecord {
	m.revision++
	rec.Source = proto.CloneOf(rec.Source)
	rec.Source.Etag, rec.Revision = fmt.Sprintf("e%d", m.revision), m.revision
	rec.Source.UpdateTime = timestamppb.New(testTime)
	m.records[rec.ID()] = rec
	return rec
}

func (m *memory) Create(_ context.Context, rec audit.SourceRecord, cred audit.Credential) (audit.SourceRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return audit.SourceRecord{}, m.fail
	}
	if err := m.vacant(rec); err != nil {
		return audit.SourceRecord{}, err
	}
	m.secrets[rec.ID()] = cred
	rec.Source.CreateTime = timestamppb.New(testTime)
	return m.put(rec), nil
}

func (m *memory) Get(_ context.Context, id string) (audit.SourceRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rec, ok := m.records[id]
	if m.fail != nil {
		return audit.SourceRecord{}, m.fail
	}
	if !ok || rec.Deleted() {
		return audit.SourceRecord{}, noSource()
	}
	return rec, nil
}

func (m *memory) Vacant(_ context.Context, rec audit.SourceRecord) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.vacant(rec)
}

func (m *memory) vacant(rec audit.SourceRecord) error {
	switch have, ok := m.records[rec.ID()]; {
	case ok && !have.Deleted():
		return &audit.Error{Kind: audit.KindExists, Message: "taken"}
	case ok && (have.Source.GetSnyk().GetOrganizationId() != rec.Source.GetSnyk().GetOrganizationId() || !sameGroup(have, rec)):
		return &audit.Error{
			Kind: audit.KindExists, Reason: snykstreamv1.ErrorReason_ERROR_REASON_SOURCE_ID_IN_USE, Message: "in use",
		}
	}
	return m.fail
}

func sameGroup(a, b audit.SourceRecord) bool {
	return a.GroupID() == b.GroupID() || a.GroupID() == "" || b.GroupID() == ""
}

func (m *memory) List(context.Context) ([]audit.SourceRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []audit.SourceRecord
	for _, rec := range m.records {
		if !rec.Deleted() {
			all = append(all, rec)
		}
	}
	slices.SortFunc(all, func(a, b audit.SourceRecord) int { return cmp.Compare(a.ID(), b.ID()) })
	return all, m.fail
}

func (m *memory) Update(_ context.Context, rec audit.SourceRecord, cred *audit.Credential) (audit.SourceRecord, error) {
	if m.beforeUpdate != nil {
		m.beforeUpdate()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch have, ok := m.records[rec.ID()]; {
	case m.fail != nil:
		return audit.SourceRecord{}, m.fail
	case !ok || have.Deleted():
		return audit.SourceRecord{}, noSource()
	case have.Revision != rec.Revision:
		return audit.SourceRecord{}, etagMismatch()
	}
	if cred != nil {
		m.secrets[rec.ID()] = *cred
	}
	return m.put(rec), nil
}

func (m *memory) Delete(_ context.Context, id, etag string) (audit.SourceRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rec, ok := m.records[id]
	switch {
	case m.fail != nil:
		return audit.SourceRecord{}, m.fail
	case !ok || rec.Deleted():
		return audit.SourceRecord{}, noSource()
	case etag != "" && etag != rec.Source.GetEtag():
		return audit.SourceRecord{}, etagMismatch()
	}
	gone := rec
	gone.DeleteTime = testTime
	m.put(gone)
	delete(m.secrets, id)
	return rec, nil
}

func (m *memory) Credential(_ context.Context, rec audit.SourceRecord) (audit.Credential, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cred, ok := m.secrets[rec.ID()]
	if !ok {
		return cred, &audit.Error{
			Kind: audit.KindPrecondition, Reason: snykstreamv1.ErrorReason_ERROR_REASON_CREDENTIALS_UNREADABLE,
			Message: "the source has no stored credentials",
		}
	}
	return cred, nil
}

// inspector is a Checker that answers as it is told, and remembers what it was
// asked.
type inspector struct {
	mu     sync.Mutex
	answer checking
	asked  []asked
}

type asked struct {
	config *snykstreamv1.SnykConfig
	cred   audit.Credential
}

func (i *inspector) Check(ctx context.Context, config *snykstreamv1.SnykConfig, cred audit.Credential) (*snykstreamv1.ValidateCredentialsResponse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = append(i.asked, asked{config, cred})
	if i.answer != nil {
		return i.answer(ctx, config)
	}
	info := cred.Info()
	info.Principal = "the robot"
	return &snykstreamv1.ValidateCredentialsResponse{Valid: true, Credential: info, GroupId: groupID}, nil
}

// checking is how an inspector answers.
type checking = func(context.Context, *snykstreamv1.SnykConfig) (*snykstreamv1.ValidateCredentialsResponse, error)

// failing answers with an error, and with a report of failed checks if there are any.
func failing(err error, checks ...*snykstreamv1.CredentialCheck) checking {
	return func(context.Context, *snykstreamv1.SnykConfig) (*snykstreamv1.ValidateCredentialsResponse, error) {
		if len(checks) == 0 {
			return nil, err
		}
		return &snykstreamv1.ValidateCredentialsResponse{Checks: checks}, err
	}
}

// board is a Statuses in which every source is pending, or as it is told.
type board map[string]snykstreamv1.SourceState

func (b board) Status(rec audit.SourceRecord) *snykstreamv1.SourceStatus {
	state := cmp.Or(b[rec.ID()], snykstreamv1.SourceState_SOURCE_STATE_PENDING)
	return &snykstreamv1.SourceStatus{State: state, Credential: rec.Credential, Message: "as told"}
}

// ledgers are Ledgers as they are told, by source; those of a source that is told
// none are away.
type ledgers map[string]map[audit.Feed]audit.FeedState

func (l ledgers) Ledgers(_ context.Context, rec audit.SourceRecord) (map[audit.Feed]audit.FeedState, error) {
	states, ok := l[rec.ID()]
	if !ok {
		return nil, away()
	}
	return states, nil
}

// NoLongerRead: a feed of otherID was left.
func (l ledgers) NoLongerRead(_ audit.SourceRecord, feed audit.Feed) bool { return feed.ID == otherID }

// fences remembers the fences raised.
type fences struct {
	mu     sync.Mutex
	raised []string
	fail   error
}

func (f *fences) Fence(ctx context.Context, id, reason string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	f.raised = append(f.raised, id+" "+reason)
	return f.fail
}

// nowhere is a journal that is away: enough for calls that do not get as far.
type nowhere struct{}

func (nowhere) Earliest(context.Context) (audit.Position, error) { return audit.Position{}, away() }

func (nowhere) Latest(context.Context) (audit.Position, error) { return audit.Position{}, away() }

func (nowhere) At(context.Context, time.Time) (audit.Position, error) {
	return audit.Position{}, away()
}

func (nowhere) Since(context.Context, time.Time) (audit.Position, error) {
	return audit.Position{}, away()
}

func (nowhere) Head(context.Context) (uint64, error) { return 0, away() }

func (nowhere) ParseToken(string) (audit.Position, error) {
	return audit.Position{}, &audit.Error{
		Kind: audit.KindInvalid, Reason: snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_INVALID, Message: "no token",
	}
}

func (nowhere) Verify(context.Context, audit.Position) error { return away() }

func (nowhere) Token(audit.Position) string { return "" }

func (nowhere) Reports() []audit.FeedReport { return nil }

func (nowhere) Unlisted(string, audit.Feed) bool { return false }

func (nowhere) StreamOpened() {}

func (nowhere) StreamClosed() {}

func (nowhere) EventsSent(int) {}

func away() error { return &audit.Error{Kind: audit.KindUnavailable, Message: "the journal is away"} }
