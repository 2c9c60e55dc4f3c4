package audit

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// checkEvent holds what is true of every event.
func checkEvent(t *testing.T, event *snykstreamv1.Event) {
	t.Helper()
	wire, err := proto.Marshal(event)
	if err != nil {
		t.Fatalf("the event cannot be encoded: %v", err)
	}
	if len(wire) > MaxEventBytes {
		t.Errorf("the event has %d bytes", len(wire))
	}
	back := &snykstreamv1.Event{}
	if err := proto.Unmarshal(wire, back); err != nil {
		t.Fatalf("the event cannot be decoded: %v", err)
	}
	if !proto.Equal(event, back) {
		t.Error("the event changes on the wire")
	}
}

func withContent(content string) []byte {
	return []byte(`{"created":"2026-03-14T15:09:26.535Z","event":"org.edit","org_id":"` + testOrg + `","content":` + content + `}`)
}

func TestNormaliseTooLarge(t *testing.T) {
	text := func(n int) []byte { return withContent(`{"a":"` + strings.Repeat("x", n) + `","b":"ann@example.com"}`) }
	tests := map[string]struct {
		raw       []byte
		truncated bool
	}{
		"just fits":            {text(MaxEventBytes - 1<<10), false},
		"a little too large":   {text(MaxEventBytes), true},
		"2 MiB":                {text(2 << 20), true},
		"grows past the bound": {withContent("[" + strings.Repeat("1,", MaxEventBytes/8) + `"ann@example.com"]`), true},
		"grows and fits":       {withContent("[" + strings.Repeat("1,", MaxEventBytes/12) + `"ann@example.com"]`), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := ReadRecord(test.raw)
			event := Normalise(o, orgSetting())
			checkEvent(t, event)
			if event.GetTruncated() != test.truncated || (event.GetOrgAudit().GetContent() == nil) != test.truncated {
				t.Errorf("truncated %v, content %v", event.GetTruncated(), event.GetOrgAudit().GetContent() != nil)
			}
			if event.GetOrgAudit().GetEvent() != "org.edit" || event.GetIndicators().GetEmails()[0] != "ann@example.com" {
				t.Errorf("more than the content is left out: %v", event)
			}
			if !bytes.Equal(o.Raw, test.raw) || event.GetRawJson() != "" {
				t.Error("the raw bytes were touched")
			}
		})
	}
}

// An array of small numbers grows the most on the wire; the bound on growth, which
// decides whether an event's size is looked at, must hold for the worst there is.
func TestMaxGrowth(t *testing.T) {
	for _, item := range []string{`0`, `""`, `[]`, `{}`, `{"":0}`, `[0]`, `null`, `{"":{"":{"":0}}}`, "\"\u2028\"", "\"\xff\""} {
		for _, nest := range []int{0, maxContentLevels + 1} {
			raw := withContent(strings.Repeat("[", nest) + "[" + strings.Repeat(item+",", 2_000) + "0]" + strings.Repeat("]", nest))
			if got := proto.Size(Normalise(ReadRecord(raw), orgSetting())); got > maxGrowth*len(raw)/2 {
				t.Errorf("%s at %d: %d bytes of JSON became %d", item, nest, len(raw), got)
			}
		}
	}
}

func TestNormaliseLongTexts(t *testing.T) {
	long := strings.Repeat("日", 1<<13)
	raw := fmt.Appendf(nil, `{"created":"2026-03-14T15:09:26.535Z","event":%[1]q,"org_id":%[1]q,"group_id":%[1]q,"user_id":%[1]q,"project_id":%[1]q}`, long)
	event := Normalise(ReadRecord(raw), orgSetting())
	checkEvent(t, event)
	r := event.GetOrgAudit()
	for _, text := range []string{r.GetEvent(), r.GetOrgId(), r.GetGroupId(), r.GetUserId(), r.GetProjectId(), event.GetIndicators().GetUsernames()[0]} {
		if len(text) < maxTextBytes-4 || len(text) > maxTextBytes || !utf8.ValidString(text) {
			t.Errorf("a text of %d bytes", len(text))
		}
	}
	if !event.GetTruncated() {
		t.Error("not marked as truncated")
	}
}

func TestNormaliseUnreadable(t *testing.T) {
	large := strings.Repeat("x", MaxEventBytes)
	tests := map[string]struct {
		raw  string
		want *snykstreamv1.Event
	}{
		"text":      {`{"event":1,"created":"2026-03-14T15:09:26.535Z"}`, &snykstreamv1.Event{RawJson: `{"event":1,"created":"2026-03-14T15:09:26.535Z"}`, EventTime: timestamppb.New(at)}},
		"bytes":     {"\xff", &snykstreamv1.Event{RawBytes: []byte{0xff}}},
		"nothing":   {"", &snykstreamv1.Event{}},
		"too large": {large, &snykstreamv1.Event{Truncated: true}},
		"long ids":  {`{"org_id":"` + large[:maxTextBytes+1] + `"}`, &snykstreamv1.Event{RawJson: `{"org_id":"` + large[:maxTextBytes+1] + `"}`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := ReadRecord([]byte(test.raw))
			got := Normalise(o, orgSetting())
			checkEvent(t, got)
			test.want.Id, test.want.SourceId = o.ID(1), "main"
			test.want.LogType, test.want.Feed = snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT, "org/"+testOrg
			if diff := cmp.Diff(test.want, got, protocmp.Transform()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNormaliseFillsWhatIsKnown(t *testing.T) {
	org, group := Feed{ScopeOrg, "the-org"}, Feed{ScopeGroup, "the-group"}
	tests := map[string]struct {
		members           string
		in                Setting
		orgID, groupID    string
		missing, inferred []string
	}{
		"organization":                {`"org_id":"o","group_id":"g","user_id":"u"`, Setting{Feed: org, GroupID: "known"}, "o", "g", nil, nil},
		"organization, nothing known": {`"user_id":"u"`, Setting{Feed: org}, "the-org", "", []string{"group_id", "org_id"}, []string{"org_id"}},
		"organization, group known":   {`"user_id":"u"`, Setting{Feed: org, GroupID: "known"}, "the-org", "known", []string{"group_id", "org_id"}, []string{"group_id", "org_id"}},
		"empty is missing":            {`"org_id":"","group_id":"","user_id":""`, Setting{Feed: org}, "the-org", "", []string{"group_id", "org_id", "user_id"}, []string{"org_id"}},
		"group":                       {`"user_id":"u"`, Setting{Feed: group}, "", "the-group", []string{"group_id", "org_id"}, []string{"group_id"}},
		"a project is not required":   {`"org_id":"o","group_id":"g","user_id":"u","project_id":null`, Setting{Feed: group}, "o", "g", nil, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			event := Normalise(ReadRecord([]byte(`{"created":"2026-03-14T15:09:26Z","event":"e",`+test.members+`}`)), test.in)
			var record interface {
				GetOrgId() string
				GetGroupId() string
			} = event.GetOrgAudit()
			if test.in.Feed.Scope == ScopeGroup {
				record = event.GetGroupAudit()
			}
			if record.GetOrgId() != test.orgID || record.GetGroupId() != test.groupID {
				t.Errorf("organization %q, group %q", record.GetOrgId(), record.GetGroupId())
			}
			if diff := cmp.Diff([][]string{test.missing, test.inferred}, [][]string{event.GetMissingFields(), event.GetInferredFields()}); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNormaliseTwins(t *testing.T) {
	o := ReadRecord(withContent(`{}`))
	in := orgSetting()
	in.Occurrence = 2
	if got, want := Normalise(o, in).GetId(), o.ID(1)+"-2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What a link of an invitation opens, only readers of content may see.
func TestNormaliseKeepsLinksInContent(t *testing.T) {
	o := ReadRecord(withContent(`{"url":"https://app.example.com/invite/hunter2?to=ann@example.com"}`))
	event := Normalise(o, orgSetting())
	event.GetOrgAudit().Content = nil
	if strings.Contains(event.String(), "hunter2") {
		t.Errorf("the link is outside the content: %v", event)
	}
}

// Every field of a schema has a kind, exactly one the time, and the text fields are
// all known to Observed: a field added to the proto must not stay empty in silence.
func TestSchemaFieldsAreFilled(t *testing.T) {
	o := ReadRecord([]byte(`{"created":"2026-03-14T15:09:26Z","event":"e","org_id":"o","group_id":"g","user_id":"u","project_id":"p","content":{"a":1}}`))
	for _, schema := range loadSchemas() {
		times := 0
		in := Setting{Feed: Feed{ScopeOrg, "o"}}
		if strings.Contains(string(schema.record.Name()), "group") {
			in.Feed.Scope = ScopeGroup
		}
		record := Normalise(o, in).ProtoReflect().Get(schema.record).Message()
		if declared := record.Descriptor().Fields().Len(); declared != len(schema.fields) {
			t.Errorf("%s: %d of %d fields have options", schema.options.GetName(), len(schema.fields), declared)
		}
		for _, f := range schema.fields {
			if !record.Has(f.desc) {
				t.Errorf("%s.%s stays empty", schema.options.GetName(), f.name)
			}
			if f.options.GetEventTime() {
				times++
			}
		}
		if times != 1 {
			t.Errorf("%s has %d event times", schema.options.GetName(), times)
		}
	}
}
