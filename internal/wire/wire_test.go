package wire_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
	"github.com/snykstream/snykstream/internal/wire"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)

// full is an event with every field that there is.
func full(tb testing.TB) *snykstreamv1.Event {
	tb.Helper()
	content, err := structpb.NewStruct(map[string]any{"role": "admin", "of": map[string]any{"n": 1.5, "all": []any{true, nil}}})
	if err != nil {
		tb.Fatal(err)
	}
	return &snykstreamv1.Event{
		Id: "e1", SourceId: "prod", LogType: snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT,
		EventTime: timestamppb.New(noon), IngestTime: timestamppb.New(noon.Add(time.Second)),
		Category: snykstreamv1.EventCategory_EVENT_CATEGORY_ROLE,
		Record: &snykstreamv1.Event_OrgAudit{OrgAudit: &snykstreamv1.OrgAudit{
			GroupId: "g1", OrgId: "o1", UserId: "u1", ProjectId: "p1", Event: "org.user.role.edit",
			Created: timestamppb.New(noon), Content: content,
		}},
		MissingFields: []string{"group_id"}, InferredFields: []string{"group_id"},
		Indicators: &snykstreamv1.Indicators{Usernames: []string{"u1"}}, Names: &snykstreamv1.Names{User: "Ann"},
		Sequence: 1 << 40, RawJson: "{}", Feed: "org/o1", Origin: snykstreamv1.Origin_ORIGIN_LATE, RawBytes: []byte{0xff}, Truncated: true,
	}
}

// contentAlone is an event of which only some content is set, other than full's.
func contentAlone(tb testing.TB) *snykstreamv1.Event {
	tb.Helper()
	content, err := structpb.NewStruct(map[string]any{"role": "guest", "more": true})
	if err != nil {
		tb.Fatal(err)
	}
	return &snykstreamv1.Event{Record: &snykstreamv1.Event_OrgAudit{OrgAudit: &snykstreamv1.OrgAudit{Content: content}}}
}

func encode(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// said are facts in a form that compares: what is in them, and no more.
type said struct {
	ID, SourceID, Feed             string
	LogType                        snykstreamv1.LogType
	Origin                         snykstreamv1.Origin
	Category                       snykstreamv1.EventCategory
	Sequence                       uint64
	EventTime, IngestTime          wire.Time
	Raw                            string
	Readable                       bool
	Name, OrgID, UserID, ProjectID string

	IsGroup bool
	GroupID string
	Created wire.Time
	Content *structpb.Struct
}

func saidBy(f *wire.Facts) said {
	return said{
		string(f.ID), string(f.SourceID), string(f.Feed), f.LogType, f.Origin, f.Category, f.Sequence, f.EventTime, f.IngestTime,
		string(f.Raw), f.Readable, string(f.Name), string(f.OrgID), string(f.UserID), string(f.ProjectID),
		f.IsGroup(), string(f.GroupID), f.Created, contentOf(f),
	}
}

func contentOf(f *wire.Facts) *structpb.Struct {
	var content structpb.Struct
	if f.Content == nil || proto.Unmarshal(f.Content, &content) != nil {
		return nil
	}
	return &content
}

// decoded is what the decoded event says.
func decoded(e *snykstreamv1.Event) said {
	at := func(t *timestamppb.Timestamp) wire.Time {
		return wire.Time{Seconds: t.GetSeconds(), Nanos: t.GetNanos(), Set: t != nil}
	}
	out := said{
		ID: e.GetId(), SourceID: e.GetSourceId(), Feed: e.GetFeed(), LogType: e.GetLogType(), Origin: e.GetOrigin(),
		Category: e.GetCategory(), Sequence: e.GetSequence(), EventTime: at(e.GetEventTime()), IngestTime: at(e.GetIngestTime()),
		Raw: e.GetRawJson() + string(e.GetRawBytes()),
	}
	if r := audit.RecordOf(e); r != nil {
		out.Readable = true
		out.Name, out.OrgID, out.UserID, out.ProjectID = r.GetEvent(), r.GetOrgId(), r.GetUserId(), r.GetProjectId()
	}
	if r := e.GetGroupAudit(); r != nil {
		out.IsGroup, out.GroupID, out.Created, out.Content = true, r.GetGroupId(), at(r.GetCreated()), r.GetContent()
	}
	if r := e.GetOrgAudit(); r != nil {
		out.GroupID, out.Created, out.Content = r.GetGroupId(), at(r.GetCreated()), r.GetContent()
	}
	return out
}

func TestFactsAreTheDecodedEvents(t *testing.T) {
	t.Parallel()
	org := full(t)
	org.RawBytes = nil
	group := proto.CloneOf(org)
	group.Record = &snykstreamv1.Event_GroupAudit{GroupAudit: &snykstreamv1.GroupAudit{GroupId: "g1", Event: "group.create"}}
	emptyRecord := &snykstreamv1.Event{Record: &snykstreamv1.Event_OrgAudit{OrgAudit: &snykstreamv1.OrgAudit{}}}
	early := &snykstreamv1.Event{EventTime: &timestamppb.Timestamp{Seconds: -5, Nanos: 7}, IngestTime: &timestamppb.Timestamp{}}
	tests := map[string][]byte{
		"organization":                    encode(t, org),
		"group":                           encode(t, group),
		"nothing":                         nil,
		"empty record":                    encode(t, emptyRecord),
		"before 1970, and at 1970":        encode(t, early),
		"the same twice":                  append(encode(t, org), encode(t, org)...),
		"group after organization":        append(encode(t, org), encode(t, group)...),
		"organization after group":        append(encode(t, group), encode(t, org)...),
		"record, then one of few fields":  append(encode(t, org), encode(t, emptyRecord)...),
		"times in parts":                  append(encode(t, org), encode(t, &snykstreamv1.Event{EventTime: &timestamppb.Timestamp{Nanos: 3}})...),
		"content in parts":                append(encode(t, org), encode(t, contentAlone(t))...),
		"content that is empty, twice":    {0x42, 4, 0x3a, 0, 0x3a, 0},
		"a field that nobody knows":       append(encode(t, org), 0xf8, 0x07, 1),
		"a field of another kind":         append(encode(t, org), 0x08, 1, 0x1a, 1, 'x'),
		"a group in the old encoding":     append(encode(t, org), 0xfb, 0x07, 0xfc, 0x07),
		"raw that is no text":             encode(t, &snykstreamv1.Event{RawBytes: []byte{0xff}}),
		"numbers larger than their types": {0x18, 0x82, 0x80, 0x80, 0x80, 0x10},
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e snykstreamv1.Event
			if err := proto.Unmarshal(data, &e); err != nil {
				t.Fatal(err)
			}
			var f wire.Facts
			if err := wire.Event(data).Some(&f, needAll); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded(&e), saidBy(&f), protocmp.Transform()); diff != "" {
				t.Errorf("facts (-decoded +wire):\n%s", diff)
			}
		})
	}
}

func TestFactsOfWhatIsCut(t *testing.T) {
	t.Parallel()
	data := encode(t, full(t))
	whole := 0
	for n := range data {
		var f wire.Facts
		err := wire.Event(data[:n]).Facts(&f)
		if err == nil {
			whole++ // a cut between two fields
		} else if !errors.Is(err, wire.ErrDamaged) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	if whole > 20 {
		t.Errorf("%d of %d cuts go unnoticed", whole, len(data))
	}
}

func TestFactsAllocateNothing(t *testing.T) {
	event := wire.Event(encode(t, full(t)))
	var f wire.Facts
	if n := testing.AllocsPerRun(100, func() { _ = event.Facts(&f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	one, two := full(t), &snykstreamv1.Event{Id: "e2"}
	state := &stored.FeedState{LastSequence: 7}
	entry := encode(t, &stored.Entry{Events: []*snykstreamv1.Event{one, two, {}}, Raw: [][]byte{[]byte("r1"), nil, []byte("r3")}, State: state})
	for _, expect := range []int{-1, 0, 3, 1 << 40} {
		s, rest, err := wire.Cut(entry, expect)
		if err != nil || s.Len() != 3 {
			t.Fatalf("%d events, %v", s.Len(), err)
		}
		if want := encode(t, &stored.Entry{State: state}); !bytes.Equal(rest, want) {
			t.Errorf("rest %x, want %x", rest, want)
		}
		raws, err := s.Raws()
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"r1", "", "r3"} {
			if got := string(raws.At(i)); got != want {
				t.Errorf("raw %d is %q", i, got)
			}
		}
		for from := range 4 {
			for to := from; to <= 3; to++ {
				var got snykstreamv1.StreamEventsResponse
				if err := proto.Unmarshal(s.Fields(from, to), &got); err != nil {
					t.Fatal(err)
				}
				want := &snykstreamv1.StreamEventsResponse{Events: []*snykstreamv1.Event{one, two, {}}[from:to]}
				if diff := cmp.Diff(want, &got, protocmp.Transform()); diff != "" {
					t.Errorf("events %d to %d:\n%s", from, to, diff)
				}
			}
		}
		if got := s.Fields(0, 1); !bytes.HasSuffix(got, s.Event(0)) || len(got) != s.Size(0) || len(got)-len(s.Event(0)) != 3 {
			t.Errorf("event 0 is %x", s.Event(0))
		}
	}
}

func TestCutOfWhatIsDamaged(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{
		"an event without raw":    {0x0a, 0},
		"raw without an event":    {0x12, 0},
		"two events with one raw": {0x0a, 0, 0x0a, 0, 0x12, 0},
		"an event that is cut":    {0x0a, 3, 1},
		"raw that is cut":         {0x0a, 0, 0x12, 1},
		"a length that is cut":    {0x0a, 0x80},
		"a length without end":    append([]byte{0x0a}, bytes.Repeat([]byte{0xff}, 11)...),
	} {
		if _, _, err := wire.Cut(data, 1); !errors.Is(err, wire.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, data := range map[string][]byte{"nothing": nil, "a state alone": {0x1a, 0}} {
		if s, rest, err := wire.Cut(data, 1); err != nil || s.Len() != 0 || len(rest) != len(data) {
			t.Errorf("%s: %d events, %v", name, s.Len(), err)
		}
	}
}

// Raw bytes that repeat each other are packed, others lie as they are, and either
// are the same to a reader.
func TestAppendRaws(t *testing.T) {
	t.Parallel()
	random := make([]byte, 5000)
	_, _ = rand.Read(random)
	alike := [][]byte{[]byte(`{"event":"org.user.role.edit","n":1}`), nil, []byte(`{"event":"org.user.role.edit","n":2}`), bytes.Repeat([]byte("x"), 1<<20)}
	for name, test := range map[string]struct {
		raws   [][]byte
		packed bool
	}{
		"alike":           {alike, true},
		"nothing alike":   {[][]byte{random}, false},
		"none":            {nil, false},
		"events with own": {make([][]byte, 3), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var entry []byte
			for range test.raws {
				entry = wire.AppendEvent(entry, nil, nil)
			}
			state := encode(t, &stored.Entry{State: &stored.FeedState{LastSequence: 7}})
			entry = append(wire.AppendRaws(entry, test.raws), state...)
			var decoded stored.Entry
			if err := proto.Unmarshal(entry, &decoded); err != nil || (len(decoded.GetPackedRaw()) > 0) != test.packed {
				t.Errorf("packed in %d bytes, %v", len(decoded.GetPackedRaw()), err)
			}
			s, rest, err := wire.Cut(entry, 0)
			if err != nil || !bytes.Equal(rest, state) {
				t.Fatalf("rest %x, %v", rest, err)
			}
			raws, err := s.Raws()
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range test.raws {
				if got := raws.At(i); !bytes.Equal(got, want) {
					t.Errorf("record %d has %d bytes, want %d", i, len(got), len(want))
				}
			}
		})
	}
}

func TestRawsOfWhatIsDamaged(t *testing.T) {
	t.Parallel()
	good := wire.AppendRaws(nil, [][]byte{bytes.Repeat([]byte("x"), 1000)})
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 0xff
	packed := func(fields []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), s2.Encode(nil, fields))
	}
	for name, raws := range map[string][]byte{
		"two of one event":  packed([]byte{0x12, 0, 0x12, 0}),
		"none of one event": packed(nil),
		"another field":     packed([]byte{0x12, 0, 0x1a, 0}),
		"cut":               packed([]byte{0x12, 5, 1}),
		"no block":          {0x3a, 2, 0xff, 0xff},
		"a huge block":      {0x3a, 5, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"flipped bits":      flipped,
	} {
		s, _, err := wire.Cut(append([]byte{0x0a, 0}, raws...), 1)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r, err := s.Raws(); !errors.Is(err, wire.ErrDamaged) && (name != "flipped bits" || len(r.At(0)) != 1000) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAppendEvent(t *testing.T) {
	t.Parallel()
	event := &snykstreamv1.Event{Id: "e1"}
	tests := map[string]struct {
		added []byte
		want  *snykstreamv1.Event
	}{
		"nothing":   {nil, event},
		"raw":       {wire.AppendRaw(nil, []byte("{}")), &snykstreamv1.Event{Id: "e1", RawJson: "{}"}},
		"raw bytes": {wire.AppendRaw(nil, []byte{0xff}), &snykstreamv1.Event{Id: "e1", RawBytes: []byte{0xff}}},
		"truncated": {wire.AppendTruncated(nil), &snykstreamv1.Event{Id: "e1", Truncated: true}},
	}
	for name, test := range tests {
		var got snykstreamv1.StreamEventsResponse
		if err := proto.Unmarshal(wire.AppendEvent(nil, encode(t, event), test.added), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&snykstreamv1.StreamEventsResponse{Events: []*snykstreamv1.Event{test.want}}, &got, protocmp.Transform()); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

const needAll = wire.NeedEventTime | wire.NeedIngestTime | wire.NeedRecord | wire.NeedContent

// What Some tells is what Facts tells, but for what is not needed.
func TestSomeFacts(t *testing.T) {
	t.Parallel()
	event := wire.Event(encode(t, full(t)))
	for need := wire.Need(0); need <= needAll; need++ {
		var got, all wire.Facts
		if err := errors.Join(event.Some(&got, need), event.Some(&all, needAll)); err != nil {
			t.Fatal(err)
		}
		want := saidBy(&all)
		if need&wire.NeedEventTime == 0 {
			want.EventTime = wire.Time{}
		}
		if need&wire.NeedIngestTime == 0 {
			want.IngestTime = wire.Time{}
		}
		if need&wire.NeedContent == 0 {
			want.Created, want.Content = wire.Time{}, nil
		}
		if need&(wire.NeedRecord|wire.NeedContent) == 0 {
			want.Name, want.GroupID, want.OrgID, want.UserID, want.ProjectID = "", "", "", "", ""
		}
		if diff := cmp.Diff(want, saidBy(&got), protocmp.Transform()); diff != "" {
			t.Errorf("need %03b (-want +got):\n%s", need, diff)
		}
	}
}

// What Facts tells of any bytes that decode is what the decoded event tells.
func FuzzFacts(f *testing.F) {
	f.Add(encode(f, full(f)))
	f.Add(append(encode(f, full(f)), encode(f, &snykstreamv1.Event{
		Record: &snykstreamv1.Event_GroupAudit{GroupAudit: &snykstreamv1.GroupAudit{Event: "group.create"}},
	})...))
	f.Fuzz(func(t *testing.T, data []byte) {
		var e snykstreamv1.Event
		if proto.Unmarshal(data, &e) != nil {
			return
		}
		var got wire.Facts
		if err := wire.Event(data).Some(&got, needAll); err != nil {
			t.Fatal(err)
		}
		// Where an event has raw_json and raw_bytes, Facts tells the last one.
		want := decoded(&e)
		want.Raw, got.Raw = "", nil
		if diff := cmp.Diff(want, saidBy(&got), protocmp.Transform(), protocmp.FilterField(&structpb.Value{}, "number_value", cmpopts.EquateNaNs())); diff != "" {
			t.Errorf("facts (-decoded +wire):\n%s", diff)
		}
	})
}

func BenchmarkFacts(b *testing.B) {
	event := wire.Event(encode(b, full(b)))
	for name, need := range map[string]wire.Need{"all": needAll &^ wire.NeedContent, "record": wire.NeedRecord, "envelope": 0} {
		b.Run(name, func(b *testing.B) {
			var f wire.Facts
			b.ReportAllocs()
			for b.Loop() {
				if err := event.Some(&f, need); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
