package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const hunter = "hunter2hunter2hunter2"

// holders are values with the secret in them in every way there is.
func holders() map[string]any {
	secret := NewSecret(hunter)
	type unexported struct{ secret Secret }
	type pointer struct{ secret *Secret }
	type nested struct {
		Name string
		in   unexported
		list []Secret
		by   map[string]Secret
		any  any
	}
	return map[string]any{
		"secret":              secret,
		"pointer":             &secret,
		"exported field":      struct{ Secret Secret }{secret},
		"unexported field":    unexported{secret},
		"pointer field":       pointer{&secret},
		"pointer to a struct": &unexported{secret},
		"deep":                nested{"n", unexported{secret}, []Secret{secret}, map[string]Secret{"k": secret}, secret},
		"slice":               []Secret{secret},
		"slice of structs":    []unexported{{secret}},
		"map":                 map[string]Secret{"k": secret},
		"array of any":        [1]any{secret},
		"embedded":            struct{ Secret }{secret},
		"credential":          Credential{Token: secret, ClientID: "id", ClientSecret: secret},
		"credential inside":   struct{ cred Credential }{Credential{Token: secret}},
		"error":               fmt.Errorf("asking with %v: %w", secret, errors.New("refused")),
	}
}

// leaks says whether text has the secret, plain or as numbers.
func leaks(text string) bool {
	text = strings.ToLower(text)
	for _, form := range []string{hunter[:7], fmt.Sprintf("%x", hunter[:7]), fmt.Sprintf("% x", hunter[:7]), fmt.Sprintf("%# x", hunter[:7]), "104 117 110 116 101 114 50"} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

func TestLeaksSeesAll(t *testing.T) {
	type open struct{ value string }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%# x"} {
		if text := fmt.Sprintf(verb, open{hunter}); !leaks(text) {
			t.Errorf("%s: %s", verb, text)
		}
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%# x", "%+q", "%#q", "%d", "%c", "%U", "%t", "%p", "%T", "%o", "%e", "%w", "%z", "%30v", "%-30s", "%.3s"}
	for name, holder := range holders() {
		t.Run(name, func(t *testing.T) {
			for _, verb := range verbs {
				if text := fmt.Sprintf(verb, holder); leaks(text) {
					t.Errorf("%s: %s", verb, text)
				}
			}
			if text := fmt.Sprint(holder) + fmt.Sprintln(holder); leaks(text) {
				t.Errorf("print: %s", text)
			}
			for encoder, encode := range map[string]func(any) ([]byte, error){"JSON": json.Marshal, "XML": xml.Marshal, "YAML": yaml.Marshal} {
				if text := try(encode, holder); leaks(text) {
					t.Errorf("%s: %s", encoder, text)
				}
			}
			var out bytes.Buffer
			for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
				log := slog.New(handler)
				log.With("with", holder).LogAttrs(context.Background(), slog.LevelInfo, "m", slog.Any("a", holder), slog.Group("g", slog.Any("b", holder)))
			}
			if leaks(out.String()) {
				t.Errorf("slog: %s", out.String())
			}
		})
	}
}

// try encodes what can be; XML and YAML panic on some of what cannot. An error's
// text is looked at too.
func try(encode func(any) ([]byte, error), v any) (text string) {
	defer func() {
		if trouble := recover(); trouble != nil {
			text = fmt.Sprint(trouble)
		}
	}()
	out, err := encode(v)
	return fmt.Sprint(string(out), err)
}

func TestSecretSaysRedacted(t *testing.T) {
	secret := NewSecret(hunter)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb, secret); text != "[redacted]" {
			t.Errorf("%s: %s", verb, text)
		}
	}
	text, err := json.Marshal(struct{ Token Secret }{secret})
	if err != nil || string(text) != `{"Token":"[redacted]"}` {
		t.Errorf("JSON: %s, %v", text, err)
	}
	if v := slog.AnyValue(secret).Resolve(); v.Kind() != slog.KindString || v.String() != "[redacted]" {
		t.Errorf("slog value: %v", v)
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "token", secret)
	if !strings.Contains(out.String(), "token=[redacted]") {
		t.Errorf("slog: %s", out.String())
	}
}

func TestSecret(t *testing.T) {
	var zero Secret
	if !zero.Empty() || zero.Reveal() != "" || !zero.Equal(NewSecret("")) || !NewSecret("").Empty() {
		t.Error("the zero value is not the empty secret")
	}
	one, same, other := NewSecret(hunter), NewSecret(hunter), NewSecret("other")
	if one.Empty() || one.Reveal() != hunter {
		t.Error("the value is not kept")
	}
	if !one.Equal(same) || one.Equal(other) || one.Equal(zero) {
		t.Error("Equal does not compare values")
	}
	if one.Fingerprint() != same.Fingerprint() || one.Fingerprint() == other.Fingerprint() || len(one.Fingerprint()) != 16 || leaks(one.Fingerprint()) {
		t.Error("the fingerprint does not tell secrets apart")
	}
	if diff := cmp.Diff(one, same); diff != "" {
		t.Errorf("cmp does not use Equal: %s", diff)
	}
	if diff := cmp.Diff(one, other); diff == "" || leaks(diff) {
		t.Errorf("a difference that is none, or shows the secret: %s", diff)
	}
}
