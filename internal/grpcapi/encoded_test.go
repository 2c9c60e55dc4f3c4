package grpcapi

import (
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/wire"
)

// tokens writes positions as nothing.
type tokens struct{ nowhere }

// messages are what a stream sends of entries, with small batches of its own.
func messages(t *testing.T, req *snykstreamv1.StreamEventsRequest, entries []*audit.Entry) []*snykstreamv1.StreamEventsResponse {
	t.Helper()
	ask, problems := readStreamRequest(req, func(string) map[string]string { return nil })
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s := newEventStream(&EventsConfig{Tokens: tokens{}}, ask, nil)
	var out []*snykstreamv1.StreamEventsResponse
	send := func() {
		taken := s.batch.take()
		encoded, err := newCodec().Marshal(taken.message(&snykstreamv1.StreamEventsResponse{ResumeToken: "t"}))
		if err != nil {
			t.Fatal(err)
		}
		m := &snykstreamv1.StreamEventsResponse{}
		if err := proto.Unmarshal(encoded.Materialize(), m); err != nil {
			t.Fatal(err)
		}
		if m.GetResumeToken() != "t" || len(m.GetEvents()) != taken.events || len(m.GetEvents()) > ask.batch {
			t.Fatalf("a message of %d events, %d counted: %v", len(m.GetEvents()), taken.events, m)
		}
		out = append(out, m)
	}
	for _, entry := range entries {
		s.take(fetched{entry: entry})
		for s.entry != nil {
			if err := s.consider(); err != nil {
				t.Fatal(err)
			}
			if s.batch.full {
				send()
			}
		}
	}
	if !s.batch.empty() {
		send()
	}
	return out
}

// slow is what a stream is to send, by decoding, filtering by name and attaching raw
// bytes to messages.
func slow(t *testing.T, names []string, raw bool, entries []*audit.Entry) []*snykstreamv1.Event {
	t.Helper()
	var out []*snykstreamv1.Event
	for _, entry := range entries {
		raws, err := entry.Events.Raws()
		if err != nil {
			t.Fatal(err)
		}
		for i := range entry.Events.Len() {
			event := &snykstreamv1.Event{}
			if err := proto.Unmarshal(entry.Events.Event(i), event); err != nil {
				t.Fatal(err)
			}
			if r := audit.RecordOf(event); len(names) > 0 && r != nil && !slices.Contains(names, r.GetEvent()) {
				continue
			}
			if raw {
				attach(event, raws.At(i))
			}
			out = append(out, event)
		}
	}
	return out
}

func attach(event *snykstreamv1.Event, raw []byte) {
	switch own := event.GetRawJson() != "" || len(event.GetRawBytes()) > 0; {
	case len(raw) == 0 && own:
	case len(raw) == 0:
		event.Truncated = true
	case utf8.Valid(raw):
		event.RawJson = string(raw)
	default:
		event.RawBytes = raw
	}
}

// FuzzStreamedBytes holds the bytes that a stream sends to what decoding, filtering
// and encoding would send, for any events that decode, cut into entries anyhow.
func FuzzStreamedBytes(f *testing.F) {
	event := func(e *snykstreamv1.Event) []byte {
		data, err := proto.Marshal(e)
		if err != nil {
			f.Fatal(err)
		}
		return data
	}
	x := event(&snykstreamv1.Event{Id: "1", Record: &snykstreamv1.Event_OrgAudit{OrgAudit: &snykstreamv1.OrgAudit{Event: "x"}}})
	y := event(&snykstreamv1.Event{Id: "2", Record: &snykstreamv1.Event_GroupAudit{GroupAudit: &snykstreamv1.GroupAudit{Event: "y"}}})
	own := event(&snykstreamv1.Event{Id: "3", RawJson: "["})
	f.Add(x, y, own, []byte("{}"), uint8(0b101), 2, false, false)
	f.Add(own, x, x, []byte{0xff}, uint8(0b010), 1, true, true)
	f.Add(y, append(x, y...), append(y, x...), []byte{}, uint8(0b111), 1000, true, false)
	f.Fuzz(func(t *testing.T, a, b, c, raw []byte, cuts uint8, batch int, byName, withRaw bool) {
		if batch < 1 || batch > maxBatch {
			return
		}
		pool := [][]byte{a, b, c, a, a, c, b, b}
		var entries []*audit.Entry
		var events, raws []byte
		for i, data := range pool {
			decoded := &snykstreamv1.Event{}
			if proto.Unmarshal(data, decoded) != nil {
				return
			}
			own := raw
			if decoded.GetRawJson() != "" || len(decoded.GetRawBytes()) > 0 {
				own = nil // such an event has no bytes beside it
			}
			events = wire.AppendEvent(events, data, nil)
			raws = protowire.AppendBytes(protowire.AppendTag(raws, 2, protowire.BytesType), own)
			if i < len(pool)-1 && cuts&(1<<i) == 0 {
				continue
			}
			section, _, err := wire.Cut(slices.Concat(events, raws), 0)
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, &audit.Entry{Sequence: uint64(i + 1), SourceID: "a", Events: section})
			events, raws = nil, nil
		}
		req := &snykstreamv1.StreamEventsRequest{MaxBatchSize: int32(batch), IncludeRawJson: withRaw}
		var names []string
		if byName {
			names = []string{"x"}
			req.Include = []*snykstreamv1.EventFilter{{EventNames: names}}
		}
		var got []*snykstreamv1.Event
		for _, m := range messages(t, req, entries) {
			got = append(got, m.GetEvents()...)
		}
		if diff := cmp.Diff(slow(t, names, withRaw, entries), got, protocmp.Transform()); diff != "" {
			t.Errorf("the stream's events (-slow +fast):\n%s", diff)
		}
	})
}
