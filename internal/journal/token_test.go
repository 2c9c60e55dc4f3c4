package journal

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

func TestTokenKeepsThePosition(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	positions := []audit.Position{
		{},
		{Sequence: 7, Whole: true},
		{Sequence: 1 << 60, Events: 99, AnchorSequence: 1<<60 + 1, Anchor: []byte("0123456789abcdef")},
	}
	var tokens []string
	for _, p := range positions {
		token := s.Token(p)
		if token == "" || strings.Trim(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			t.Errorf("token %q", token)
		}
		tokens = append(tokens, token)
	}
	s.close(t)
	s = openStore(t, dir)
	defer s.close(t)
	for i, token := range tokens {
		got, err := s.ParseToken(token)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(positions[i], got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTokenIsRefused(t *testing.T) {
	s, other := newStore(t), newStore(t)
	good := s.Token(audit.Position{Sequence: 7, Whole: true})
	seal := func(token *stored.Token, purpose string) string {
		plain, err := proto.Marshal(token)
		if err != nil {
			t.Fatal(err)
		}
		return tokenEncoding.EncodeToString(s.sealer.Seal(nil, nil, plain, []byte(purpose)))
	}
	partition := []*stored.Position{{Sequence: 7}}
	flipped := []byte(good)
	flipped[20] ^= 1
	tests := map[string]string{
		"empty":                     "",
		"no base64":                 "%%%",
		"short":                     "AAAA",
		"padded":                    good + "=",
		"cut":                       good[:len(good)-1],
		"longer":                    good + "A",
		"changed":                   string(flipped),
		"with a line feed":          good[:10] + "\n" + good[10:],
		"huge":                      strings.Repeat("A", 1<<20),
		"of another installation":   other.Token(audit.Position{Sequence: 7, Whole: true}),
		"of another journal":        seal(&stored.Token{Version: 1, Journal: "other", Partitions: partition}, tokenPurpose),
		"of a later version":        seal(&stored.Token{Version: 2, Journal: s.id, Partitions: partition}, tokenPurpose),
		"of two partitions":         seal(&stored.Token{Version: 1, Journal: s.id, Partitions: append(partition, partition...)}, tokenPurpose),
		"of none":                   seal(&stored.Token{Version: 1, Journal: s.id}, tokenPurpose),
		"sealed for something else": seal(&stored.Token{Version: 1, Journal: s.id, Partitions: partition}, "other"),
	}
	for name, token := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := s.ParseToken(token)
			wantReason(t, err, audit.KindInvalid, snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_INVALID)
			var e *audit.Error
			if errors.As(err, &e) && (len(e.Fields) != 1 || e.Fields[0].Field != "resume_token") {
				t.Errorf("fields are %v", e.Fields)
			}
		})
	}
}

func wantReason(tb testing.TB, err error, kind audit.Kind, reason snykstreamv1.ErrorReason) *audit.Error {
	tb.Helper()
	var e *audit.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Reason != reason {
		tb.Fatalf("got %v, want %v", err, reason)
	}
	return e
}

// wantOldest checks that the error leads to the oldest position.
func (s *store) wantOldest(tb testing.TB, err error, reason snykstreamv1.ErrorReason) {
	tb.Helper()
	e := wantReason(tb, err, audit.KindOutOfRange, reason)
	got, err := s.ParseToken(e.Metadata["oldest_resume_token"])
	if err != nil {
		tb.Fatal(err)
	}
	want, err := s.Earliest(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Error(diff)
	}
}

func TestVerify(t *testing.T) {
	s := newStore(t)
	w := s.writer(t, feedA)
	for range 3 {
		w.mustAppend(t, 2)
	}
	entries := s.readAll(t)
	earliest, err := s.Earliest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	latest, err := s.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(entries[2].After(2), audit.Position{
		Sequence: 3, Events: 2, Whole: true, AnchorSequence: latest.AnchorSequence, Anchor: latest.Anchor,
	}); diff != "" {
		t.Error(diff)
	}
	forged := entries[1].After(1)
	forged.Anchor = []byte("0123456789abcdef")
	tests := map[string]struct {
		position audit.Position
		ahead    bool
	}{
		"zero":                        {position: audit.Position{}},
		"earliest":                    {position: earliest},
		"latest":                      {position: latest},
		"within an entry":             {position: entries[1].After(1)},
		"after an entry":              {position: entries[1].After(2)},
		"no anchor":                   {position: audit.Position{Sequence: 3, Whole: true}},
		"of another history":          {position: forged, ahead: true},
		"ahead of the journal":        {position: audit.Position{Sequence: 4, Whole: true}, ahead: true},
		"within an entry that is not": {position: audit.Position{Sequence: 4, Events: 1}, ahead: true},
		"before an entry that is not": {position: audit.Position{Sequence: 3, Whole: true, AnchorSequence: 4, Anchor: forged.Anchor}, ahead: true},
		"as far ahead as numbers go":  {position: audit.Position{Sequence: 1<<64 - 1, Whole: true}, ahead: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := s.Verify(t.Context(), test.position)
			if !test.ahead {
				if err != nil {
					t.Error(err)
				}
				return
			}
			s.wantOldest(t, err, snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_AHEAD)
		})
	}
}

// Retention takes entries one by one: a position is good while all after it is
// there.
func TestVerifyAfterRetention(t *testing.T) {
	s := newStore(t, func(c *Config) { c.Retention = time.Second })
	w := s.writer(t, feedA)
	w.mustAppend(t, 2)
	w.mustAppend(t, 2)
	old := s.readAll(t)
	earliest, err := s.Earliest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.waitEmpty(t)
	check := func(t *testing.T, good bool, p audit.Position) {
		t.Helper()
		err := s.Verify(t.Context(), p)
		if good && err != nil {
			t.Error(err)
		} else if !good {
			s.wantOldest(t, err, snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED)
		}
	}
	for range 2 {
		check(t, false, audit.Position{})
		check(t, false, earliest)
		check(t, false, old[0].After(2))
		check(t, false, old[1].After(1))
		check(t, true, old[1].After(2)) // its entry is gone, its successor is not
		w.reload(t)
		w.state.LastSequence = 4
		w.mustAppend(t, 1) // the same with an entry behind it
	}
}

// A folder that is put back from a backup goes on in another history.
func TestRestoredBackup(t *testing.T) {
	dir, backup := t.TempDir(), t.TempDir()
	s := openStore(t, dir)
	w := s.writer(t, feedA)
	w.mustAppend(t, 2)
	s.close(t)
	if err := os.CopyFS(backup, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir)
	w.s = s
	w.mustAppend(t, 2)
	w.mustAppend(t, 2)
	var tokens []string
	for _, e := range s.readAll(t) {
		tokens = append(tokens, s.Token(e.After(1)), s.Token(e.After(2)))
	}
	s.close(t)

	s = openStore(t, backup)
	defer s.close(t)
	verify := func(token string) error {
		position, err := s.ParseToken(token)
		if err != nil {
			t.Fatal(err)
		}
		return s.Verify(t.Context(), position)
	}
	for range 3 {
		for i, token := range tokens {
			if err := verify(token); i < 2 {
				if err != nil {
					t.Error(err)
				}
			} else {
				s.wantOldest(t, err, snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_AHEAD)
			}
		}
		s.writer(t, feedA).mustAppend(t, 2) // it grows past the other history
	}
}

func FuzzParseToken(f *testing.F) {
	s := newStore(f)
	good := s.Token(audit.Position{Sequence: 7, Events: 3, AnchorSequence: 7, Anchor: make([]byte, pollSize)})
	for _, token := range []string{"", good, good[1:], good + "A", good + "=", strings.Repeat("A", 64), "\x00\xff", strings.ToLower(good)} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := s.ParseToken(token)
		if token != good {
			// Nobody else has the key.
			wantReason(t, err, audit.KindInvalid, snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_INVALID)
		} else if err != nil {
			t.Error(err)
		}
	})
}
