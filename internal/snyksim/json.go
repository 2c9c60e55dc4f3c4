package snyksim

import (
	"encoding/json"
	"fmt"
	"strings"
)

// quote is a JSON string without the escaping of HTML that Snyk does not do.
func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return `""` // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// raw is JSON that object takes as it is.
type raw string

// object is a JSON object with its members in the order given: name, value, ...
func object(members ...any) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := 0; i+1 < len(members); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(fmt.Sprint(members[i])) + ":")
		switch v := members[i+1].(type) {
		case raw:
			b.WriteString(string(v))
		case string:
			b.WriteString(quote(v))
		default:
			out, err := json.Marshal(v)
			if err != nil {
				out = []byte("null") // callers pass only what encodes
			}
			b.Write(out)
		}
	}
	b.WriteByte('}')
	return b.String()
}
