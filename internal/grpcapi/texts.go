package grpcapi

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/snykstream/snykstream/internal/audit"
)

const (
	idText   = "must be a lower-case letter, then up to 62 lower-case letters, digits and hyphens, the last no hyphen"
	uuidText = "must be a UUID such as 0d3728ec-eebf-484d-9907-ba238019f10b"
)

// patternTexts say what a pattern of the proto files asks for.
var patternTexts = map[string]string{
	"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$": idText,
	"^[A-Za-z0-9_.*-]+$":                `must be an event's name of letters, digits, "_", "." and "-", with "*" for any run of characters`,
}

// celFields are the fields that rules over a whole message speak of.
var celFields = map[string]string{
	"validate_credentials.target":      "source_id",
	"validate_credentials.credentials": "credentials",
	"event_filter.event_time":          "event_time_to",
}

// problemOf turns a violation by a request into words that say what would be
// right.
func problemOf(request protoreflect.MessageDescriptor, violation *protovalidate.Violation) audit.FieldProblem {
	path := pathOf(violation.Proto.GetField())
	if field, ok := celFields[violation.Proto.GetRuleId()]; ok {
		path = join(path, field)
	}
	text := describe(fieldAt(request, violation.Proto.GetField()), violation)
	if violation.Proto.GetForKey() {
		text = "the key " + text
	}
	return audit.FieldProblem{Field: path, Description: text}
}

// describe says what would be right for a field, nil where the rule is over a
// whole message.
func describe(field protoreflect.FieldDescriptor, violation *protovalidate.Violation) string {
	id, value, limit := violation.Proto.GetRuleId(), violation.FieldValue, violation.RuleValue
	switch id {
	case "required":
		return requiredText(violation)
	case "string.pattern":
		if value.String() == "" {
			return "is required: " + patternText(limit.String())
		}
		return patternText(limit.String())
	case "string.uuid":
		return uuidText
	case "string.min_len":
		return "must not be empty"
	case "string.max_len":
		return fmt.Sprintf("must have at most %d characters, got %d", limit.Uint(), utf8.RuneCountInString(value.String()))
	case "repeated.max_items":
		return fmt.Sprintf("must have at most %d items, got %d", limit.Uint(), value.List().Len())
	case "map.max_pairs":
		return fmt.Sprintf("must have at most %d entries, got %d", limit.Uint(), value.Map().Len())
	case "repeated.unique":
		return "must not have the same value twice"
	case "enum.defined_only", "enum.not_in":
		return enumText(field, value)
	}
	if text, ok := rangeText(field, value); ok {
		return text
	}
	return violation.Proto.GetMessage()
}

func patternText(pattern string) string {
	if text, ok := patternTexts[pattern]; ok {
		return text
	}
	return "must match " + pattern
}

// requiredText tells a field that is missing from a choice that was not made.
func requiredText(violation *protovalidate.Violation) string {
	elements := violation.Proto.GetField().GetElements()
	if n := len(elements); n > 0 && elements[n-1].GetFieldName() == "kind" {
		return "is required: set api_token or oauth_client"
	}
	return "is required"
}

// enumText names the values there are.
func enumText(field protoreflect.FieldDescriptor, value protoreflect.Value) string {
	var names []string
	values := field.Enum().Values()
	for i := range values.Len() {
		if values.Get(i).Number() != 0 {
			names = append(names, string(values.Get(i).Name()))
		}
	}
	return fmt.Sprintf("must be one of %s, got %d", strings.Join(names, ", "), value.Enum())
}

// rangeText says a range in which both ends stand, whichever was passed.
func rangeText(field protoreflect.FieldDescriptor, value protoreflect.Value) (string, bool) {
	if field == nil {
		return "", false
	}
	rules, err := protovalidate.ResolveFieldRules(field)
	if err != nil {
		return "", false
	}
	if bounds := rules.GetInt32(); bounds != nil {
		return fmt.Sprintf("must be %d to %d, got %d", bounds.GetGte(), bounds.GetLte(), value.Int()), true
	}
	bounds := rules.GetDuration()
	if bounds.GetGte() == nil || bounds.GetLte() == nil {
		return "", false
	}
	got, ok := value.Message().Interface().(*durationpb.Duration)
	return fmt.Sprintf("must be %s to %s, got %s",
		span(bounds.GetGte().AsDuration()), span(bounds.GetLte().AsDuration()), span(got.AsDuration())), ok
}

// span writes a duration as a person would: 24h, 15m, 30 days.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d > day && d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
