package audit

import (
	"fmt"
	"strconv"
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// schemaYAML writes a schema in the YAML form that users exchange. Their tools and
// their diffs go by it, so keys come in the order of their page and a key that
// says nothing is left out.
func schemaYAML(schema *snykstreamv1.Schema, version int32) string {
	var b strings.Builder
	name := yamlScalar(schema.GetName())
	fmt.Fprintf(&b, "schema: %s\nparser:\n  native:\n    name: %s\n", name, name)
	fmt.Fprintf(&b, "description: %s\n", yamlScalar(schema.GetDescription()))
	fmt.Fprintf(&b, "referenceURL: %s\n", yamlScalar(schema.GetReferenceUrl()))
	fmt.Fprintf(&b, "version: %d\nfields:\n", version)
	for _, field := range schema.GetFields() {
		writeYAMLField(&b, field)
	}
	return b.String()
}

func writeYAMLField(b *strings.Builder, field *snykstreamv1.SchemaField) {
	fmt.Fprintf(b, "  - name: %s\n", yamlScalar(field.GetName()))
	if field.GetRequired() {
		b.WriteString("    required: true\n")
	}
	fmt.Fprintf(b, "    description: %s\n    type: %s\n", yamlScalar(field.GetDescription()), yamlScalar(field.GetType()))
	if format := field.GetTimeFormat(); format != "" {
		fmt.Fprintf(b, "    timeFormat: %s\n", yamlScalar(format))
	}
	if field.GetIsEventTime() {
		b.WriteString("    isEventTime: true\n")
	}
	if len(field.GetIndicators()) > 0 {
		b.WriteString("    indicators:\n")
	}
	for _, indicator := range field.GetIndicators() {
		fmt.Fprintf(b, "      - %s\n", yamlScalar(indicator))
	}
}

// yamlScalar is text as a YAML scalar: plain where that cannot mean anything else,
// in double quotes else, which YAML reads as JSON does.
func yamlScalar(text string) string {
	if isPlain(text) {
		return text
	}
	return strconv.QuoteToASCII(text)
}

func isPlain(text string) bool {
	for i, r := range text {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		inner := '0' <= r && r <= '9' || strings.ContainsRune("-._/ #:,", r)
		if !letter && (i == 0 || !inner) {
			return false
		}
	}
	switch strings.ToLower(text) {
	case "", "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	}
	return !strings.Contains(text, ": ") && !strings.Contains(text, " #") &&
		!strings.HasSuffix(text, ":") && !strings.HasSuffix(text, " ")
}
