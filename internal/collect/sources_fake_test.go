package collect_test

import (
	"context"
	"sync"

	"github.com/snykstream/snykstream/internal/audit"
)

// memorySources is a registry of one source.
type memorySources struct {
	mu      sync.Mutex
	rec     audit.SourceRecord
	changed chan struct{}
	token   string
	// locked is the error of opening the credential.
	locked error
}

func newMemorySources(rec audit.SourceRecord, token string) *memorySources {
	return &memorySources{rec: rec, token: token, changed: make(chan struct{})}
}

func (s *memorySources) Watch(ctx context.Context, each func(audit.SourceRecord)) error {
	for {
		s.mu.Lock()
		rec, changed := s.rec, s.changed
		s.mu.Unlock()
		each(rec)
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *memorySources) change(how func(*audit.SourceRecord)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how(&s.rec)
	s.rec.Revision++
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *memorySources) Get(context.Context, string) (audit.SourceRecord, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rec.Deleted() {
		return audit.SourceRecord{}, &audit.Error{Kind: audit.KindNotFound}
	}
	return s.rec, nil
}

func (s *memorySources) Credential(context.Context, audit.SourceRecord) (audit.Credential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return audit.Credential{Token: audit.NewSecret(s.token)}, s.locked
}

// unlock sets what opening the credential gives.
func (s *memorySources) unlock(token string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.locked = token, err
}
