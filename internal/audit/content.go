package audit

import (
	"encoding/json"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
)

// maxContentLevels bounds the nesting of a Struct. Each level is up to three
// messages deep on the wire, and readers in other languages stop at 100.
const maxContentLevels = 24

// contentStruct is content as callers get it: see GroupAudit.content. Content that
// is no object stands under the key "value"; no content is nil.
func contentStruct(content any) *structpb.Struct {
	switch content := content.(type) {
	case nil:
		return nil
	case map[string]any:
		return structOf(content, 1)
	}
	return structOf(map[string]any{"value": content}, 1)
}

func structOf(members map[string]any, level int) *structpb.Struct {
	out := &structpb.Struct{Fields: make(map[string]*structpb.Value, len(members))}
	for key, member := range members {
		out.Fields[key] = valueOf(member, level)
	}
	return out
}

// valueOf converts a value that lies in an object or array of the given level.
func valueOf(v any, level int) *structpb.Value {
	switch v := v.(type) {
	case bool:
		return structpb.NewBoolValue(v)
	case json.Number:
		return numberOf(v.String())
	case string:
		return structpb.NewStringValue(v)
	case []any:
		if level == maxContentLevels {
			return structpb.NewStringValue(jsonText(v))
		}
		items := make([]*structpb.Value, len(v))
		for i, item := range v {
			items[i] = valueOf(item, level+1)
		}
		return structpb.NewListValue(&structpb.ListValue{Values: items})
	case map[string]any:
		if level == maxContentLevels {
			return structpb.NewStringValue(jsonText(v))
		}
		return structpb.NewStructValue(structOf(v, level+1))
	}
	return structpb.NewNullValue()
}

// numberOf is a number, or a string of its literal where it is an integer that a
// double cannot hold exactly, or anything that a double cannot hold at all.
func numberOf(literal string) *structpb.Value {
	number, err := strconv.ParseFloat(literal, 64)
	if err != nil || !exact(literal, number) {
		return structpb.NewStringValue(literal)
	}
	return structpb.NewNumberValue(number)
}

func exact(literal string, number float64) bool {
	if len(literal) <= 15 || strings.ContainsAny(literal, ".eE") {
		return true
	}
	return strconv.FormatFloat(number, 'f', 0, 64) == literal
}
