package audit

import (
	"slices"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// schemaNotes are what a reader of the schemas may expect in vain.
var schemaNotes = [...]string{
	"Snyk's audit endpoints do not return logins and logouts today; a record of one that does come, such as user.logged_in, has the category AUTHENTICATION.",
	"Records of api.access come only from a source with include_api_access.",
	"Real records often lack a field that the schema requires: it is then named in missing_fields, and in inferred_fields where it was filled from what the source knows.",
}

// logSchema is a schema as its descriptor declares it, laid out for the normaliser.
type logSchema struct {
	options *snykstreamv1.SchemaOptions
	// record is the field of Event.record that holds the message.
	record protoreflect.FieldDescriptor
	fields []schemaField
}

type schemaField struct {
	desc    protoreflect.FieldDescriptor
	name    string // in proto
	kind    fieldKind
	options *snykstreamv1.SchemaFieldOptions
	// last says that no field of the message has a higher number.
	last bool
}

// fieldKind is what a field holds, in the words of the users' schema.
type fieldKind string

const (
	kindString    fieldKind = "string"
	kindTimestamp fieldKind = "timestamp"
	kindJSON      fieldKind = "json"
)

// loadSchemas reads the schemas from the descriptors, by name, once: they are
// linked in and never change.
var loadSchemas = sync.OnceValue(func() []*logSchema {
	var out []*logSchema
	fields := (&snykstreamv1.Event{}).ProtoReflect().Descriptor().Oneofs().ByName("record").Fields()
	for i := range fields.Len() {
		options, ok := proto.GetExtension(fields.Get(i).Message().Options(), snykstreamv1.E_Schema).(*snykstreamv1.SchemaOptions)
		if ok && options != nil {
			out = append(out, &logSchema{options: options, record: fields.Get(i), fields: schemaFields(fields.Get(i).Message())})
		}
	}
	return out
})

func schemaFields(message protoreflect.MessageDescriptor) []schemaField {
	var out []schemaField
	for i := range message.Fields().Len() {
		desc := message.Fields().Get(i)
		options, ok := proto.GetExtension(desc.Options(), snykstreamv1.E_SchemaField).(*snykstreamv1.SchemaFieldOptions)
		if ok && options != nil {
			out = append(out, schemaField{
				desc: desc, name: string(desc.Name()), kind: kindOfField(desc), options: options, last: isLast(desc),
			})
		}
	}
	return out
}

func isLast(field protoreflect.FieldDescriptor) bool {
	siblings := field.ContainingMessage().Fields()
	for i := range siblings.Len() {
		if siblings.Get(i).Number() > field.Number() {
			return false
		}
	}
	return true
}

func kindOfField(desc protoreflect.FieldDescriptor) fieldKind {
	if desc.Kind() == protoreflect.StringKind {
		return kindString
	}
	if message := desc.Message(); message != nil {
		switch message.FullName() {
		case "google.protobuf.Timestamp":
			return kindTimestamp
		case "google.protobuf.Struct":
			return kindJSON
		}
	}
	return ""
}

// schemaOf is the schema of a log's records, nil for a log that has none.
func schemaOf(log snykstreamv1.LogType) *logSchema {
	field := protoreflect.FullName("")
	switch log {
	case snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT:
		field = "snykstream.v1.Event.group_audit"
	case snykstreamv1.LogType_LOG_TYPE_SNYK_ORG_AUDIT:
		field = "snykstream.v1.Event.org_audit"
	case snykstreamv1.LogType_LOG_TYPE_UNSPECIFIED:
	}
	for _, s := range loadSchemas() {
		if s.record.FullName() == field {
			return s
		}
	}
	return nil
}

// Schemas are the schemas that events are normalised to, by name. The messages are
// the caller's.
func Schemas() []*snykstreamv1.Schema {
	var out []*snykstreamv1.Schema
	for _, s := range loadSchemas() {
		schema := &snykstreamv1.Schema{
			Name:         s.options.GetName(),
			Description:  s.options.GetDescription(),
			ReferenceUrl: s.options.GetReferenceUrl(),
			Notes:        slices.Clone(schemaNotes[:]),
		}
		for _, f := range s.fields {
			schema.Fields = append(schema.Fields, f.public())
		}
		schema.Yaml = schemaYAML(schema, s.options.GetVersion())
		out = append(out, schema)
	}
	return out
}

// public is the field as callers see it, in the users' spelling.
func (f schemaField) public() *snykstreamv1.SchemaField {
	field := &snykstreamv1.SchemaField{
		Name:        f.desc.JSONName(),
		Required:    f.options.GetRequired(),
		Description: f.options.GetDescription(),
		Type:        string(f.kind),
		IsEventTime: f.options.GetEventTime(),
	}
	if f.kind == kindTimestamp {
		field.TimeFormat = "rfc3339"
	}
	for _, indicator := range f.options.GetIndicators() {
		field.Indicators = append(field.Indicators, strings.ToLower(strings.TrimPrefix(indicator.String(), "INDICATOR_")))
	}
	return field
}
