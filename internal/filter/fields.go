package filter

import (
	"cmp"
	"fmt"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/wire"
)

// The variables of an expression, and their types. A record is shown as an OrgAudit
// whichever it is: both have the same fields.
const (
	variableEvent  = "event"
	variableRecord = "record"
	typeEvent      = "snykstream.v1.Event"
	typeRecord     = "snykstream.v1.OrgAudit"
	typeGroup      = "snykstream.v1.GroupAudit"
)

// field is how expressions read a field of an event or a record.
type field struct {
	name string
	// ofRecord says that an event without a record does not have it.
	ofRecord bool
	need     wire.Need
	get      func(*asked) ref.Val
	has      func(*asked) bool
	// opaque is set instead of get for a message whose fields CEL reads itself.
	opaque func(*asked) any
}

// schema tells CEL of the messages' fields, and reads those of events and records
// off their bytes: both are an *asked.
type schema struct {
	*types.Registry

	own    map[string]map[string]*types.FieldType
	fields map[string]map[string]field
}

func newSchema() (*schema, error) {
	registry, err := types.NewRegistry(&snykstreamv1.Event{}, &snykstreamv1.OrgAudit{}, &snykstreamv1.Source{})
	if err != nil {
		return nil, fmt.Errorf("registering the messages of expressions: %w", err)
	}
	s := &schema{
		Registry: registry,
		own:      map[string]map[string]*types.FieldType{},
		fields:   map[string]map[string]field{},
	}
	for message, fields := range map[string][]field{
		typeEvent: eventFields(), typeRecord: recordFields(), typeGroup: recordFields(),
	} {
		s.own[message], s.fields[message] = map[string]*types.FieldType{}, map[string]field{}
		for _, f := range fields {
			told, ok := registry.FindStructFieldType(message, f.name)
			if !ok {
				return nil, fmt.Errorf("%s has no field %s", message, f.name)
			}
			s.own[message][f.name] = f.reader(told.Type)
			s.fields[message][f.name] = f
		}
	}
	// Numbers compare across types, which CEL refuses of a uint and an int for ==.
	s.own[typeEvent]["sequence"].Type = types.DynType
	return s, nil
}

// FindStructFieldType implements types.Provider.
func (s *schema) FindStructFieldType(message, name string) (*types.FieldType, bool) {
	if own, ok := s.own[message]; ok {
		found, ok := own[name]
		return found, ok
	}
	return s.Registry.FindStructFieldType(message, name)
}

func (f field) reader(kind *types.Type) *types.FieldType {
	return &types.FieldType{
		Type: kind,
		IsSet: func(target any) bool {
			e, ok := target.(*asked)
			return ok && f.has(e)
		},
		GetFrom: func(target any) (any, error) {
			e, ok := target.(*asked)
			if !ok {
				return nil, fmt.Errorf("no such field '%s'", f.name)
			}
			if f.opaque != nil {
				return f.opaque(e), nil
			}
			return f.get(e), nil
		},
	}
}

// eventFields are the fields of an event that expressions may ask for. Its raw bytes
// are stored apart from it.
func eventFields() []field {
	return []field{
		textField("id", func(e *asked) []byte { return e.ID }),
		textField("source_id", func(e *asked) []byte { return e.SourceID }),
		textField("feed", func(e *asked) []byte { return e.Feed }),
		numberField("log_type", func(e *asked) int64 { return int64(e.LogType) }),
		numberField("origin", func(e *asked) int64 { return int64(e.Origin) }),
		numberField("category", func(e *asked) int64 { return int64(e.Category) }).record(0),
		{
			name: "sequence",
			get:  func(e *asked) ref.Val { return types.Uint(e.Sequence) },
			has:  func(e *asked) bool { return e.Sequence != 0 },
		},
		timeField("event_time", wire.NeedEventTime, func(e *asked) wire.Time { return e.EventTime }),
		timeField("ingest_time", wire.NeedIngestTime, func(e *asked) wire.Time { return e.IngestTime }),
		memberField("org_audit", func(e *asked) bool { return e.Readable && !e.IsGroup() }),
		memberField("group_audit", func(e *asked) bool { return e.Readable && e.IsGroup() }),
		textsField("missing_fields", (*snykstreamv1.Event).GetMissingFields),
		textsField("inferred_fields", (*snykstreamv1.Event).GetInferredFields),
		{
			name: "indicators", ofRecord: true,
			opaque: func(e *asked) any { return cmp.Or(e.decoded().GetIndicators(), &snykstreamv1.Indicators{}) },
			has:    func(e *asked) bool { return e.decoded().GetIndicators() != nil },
		},
		{
			name: "names", ofRecord: true,
			opaque: func(e *asked) any { return cmp.Or(e.decoded().GetNames(), &snykstreamv1.Names{}) },
			has:    func(e *asked) bool { return e.decoded().GetNames() != nil },
		},
		{
			name: "truncated",
			get:  func(e *asked) ref.Val { return types.Bool(e.decoded().GetTruncated()) },
			has:  func(e *asked) bool { return e.decoded().GetTruncated() },
		},
	}
}

// recordFields are the fields of either record.
func recordFields() []field {
	fields := []field{
		textField("group_id", func(e *asked) []byte { return e.GroupID }),
		textField("org_id", func(e *asked) []byte { return e.OrgID }),
		textField("user_id", func(e *asked) []byte { return e.UserID }),
		textField("project_id", func(e *asked) []byte { return e.ProjectID }),
		textField("event", func(e *asked) []byte { return e.Name }),
		timeField("created", wire.NeedContent, func(e *asked) wire.Time { return e.Created }),
		{
			name: "content", need: wire.NeedContent,
			get: func(e *asked) ref.Val { return e.content() },
			has: func(e *asked) bool { return e.Content != nil },
		},
	}
	for i := range fields {
		fields[i] = fields[i].record(wire.NeedRecord)
	}
	return fields
}

func (f field) record(need wire.Need) field {
	f.ofRecord, f.need = true, f.need|need
	return f
}

// textField is a text. Those of events that follow each other are often the same, so
// that the value is kept: a program belongs to one matcher.
func textField(name string, of func(*asked) []byte) field {
	return field{
		name: name,
		get:  func(e *asked) ref.Val { return e.texts.value(name, of(e)) },
		has:  func(e *asked) bool { return len(of(e)) > 0 },
	}
}

func textsField(name string, of func(*snykstreamv1.Event) []string) field {
	return field{
		name: name,
		get:  func(e *asked) ref.Val { return types.NewStringList(types.DefaultTypeAdapter, of(e.decoded())) },
		has:  func(e *asked) bool { return len(of(e.decoded())) > 0 },
	}
}

func numberField(name string, of func(*asked) int64) field {
	return field{
		name: name,
		get:  func(e *asked) ref.Val { return types.Int(of(e)) },
		has:  func(e *asked) bool { return of(e) != 0 },
	}
}

// timeField is a time. One that is not set reads as 1970-01-01T00:00:00Z, as it does
// of a message.
func timeField(name string, need wire.Need, of func(*asked) wire.Time) field {
	return field{
		name: name,
		need: need,
		get: func(e *asked) ref.Val {
			at := of(e)
			at.Set = true
			return types.Timestamp{Time: at.Time()}
		},
		has: func(e *asked) bool { return of(e).Set },
	}
}

// memberField is a member of the oneof that an event's record is.
func memberField(name string, is func(*asked) bool) field {
	return field{
		name: name, ofRecord: true, need: wire.NeedRecord,
		opaque: func(e *asked) any {
			if is(e) {
				return e
			}
			return e.nothing()
		},
		has: is,
	}
}
