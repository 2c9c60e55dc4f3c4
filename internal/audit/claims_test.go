package audit

import (
	"encoding/base64"
	"testing"
	"time"
)

// tokenWith is a token with a payload.
func tokenWith(prefix, payload string) Credential {
	return Credential{Token: NewSecret(prefix + "12345678." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln")}
}

func TestClaimsEnd(t *testing.T) {
	end := time.Date(2025, 6, 10, 11, 30, 0, 0, time.UTC) // 1749555000
	tests := map[string]struct {
		payload string
		want    time.Time
	}{
		"seconds":                         {`{"exp":1749555000}`, end},
		"the name that Snyk gives it":     {`{"j":"1","s":"2","e":1749555000,"h":"api.snyk.io"}`, end},
		"both names":                      {`{"e":1,"exp":1749555000}`, end},
		"only the other can be read":      {`{"exp":null,"e":1749555000}`, end},
		"a text of digits":                {`{"exp":"1749555000"}`, end},
		"parts of a second":               {`{"exp":1749555000.75}`, end},
		"an exponent":                     {`{"exp":1.749555e9}`, end},
		"milliseconds":                    {`{"exp":1749555000000}`, end},
		"a text of milliseconds":          {`{"exp":"1749555000000"}`, end},
		"RFC 3339":                        {`{"exp":"2025-06-10T11:30:00Z"}`, end},
		"RFC 3339 of another zone":        {`{"exp":"2025-06-10T13:30:00+02:00"}`, end},
		"not there":                       {`{"h":"api.snyk.io"}`, time.Time{}},
		"null":                            {`{"exp":null}`, time.Time{}},
		"nothing":                         {`{"exp":""}`, time.Time{}},
		"words":                           {`{"exp":"never"}`, time.Time{}},
		"an object":                       {`{"exp":{"at":1749555000}}`, time.Time{}},
		"a bool":                          {`{"exp":true}`, time.Time{}},
		"no number":                       {`{"exp":"NaN"}`, time.Time{}},
		"no end":                          {`{"exp":"Inf"}`, time.Time{}},
		"zero, which may mean never":      {`{"exp":0}`, time.Time{}},
		"negative":                        {`{"exp":-1749555000}`, time.Time{}},
		"a duration":                      {`{"exp":7776000}`, time.Time{}},
		"nanoseconds":                     {`{"exp":1749555000000000000}`, time.Time{}},
		"beyond all numbers":              {`{"exp":1e999}`, time.Time{}},
		"the first year, which is no end": {`{"exp":"0001-01-01T00:00:00Z"}`, time.Time{}},
		"the last year":                   {`{"exp":253402300799000}`, time.Unix(253_402_300_799, 0)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, prefix := range []string{"snyk_uat.", "snyk_sat."} {
				cred := tokenWith(prefix, test.payload)
				if got := cred.Claims().Expires; !got.Equal(test.want) {
					t.Errorf("%s: got %v, want %v", prefix, got, test.want)
				}
				shown := cred.Info().GetExpireTime()
				if (shown == nil) != test.want.IsZero() || (shown != nil && (!shown.AsTime().Equal(test.want) || shown.CheckValid() != nil)) {
					t.Errorf("%s: shown as %v", prefix, shown)
				}
			}
		})
	}
}

func TestClaimsHost(t *testing.T) {
	for payload, want := range map[string]string{
		`{"h":"api.snyk.io"}`:               "api.snyk.io",
		`{"h":"API.EU.snyk.io"}`:            "api.eu.snyk.io",
		`{"h":"snyk.io"}`:                   "api.snyk.io",
		`{"h":"eu.snyk.io"}`:                "api.eu.snyk.io",
		`{"h":"app.acme.snyk.io"}`:          "api.acme.snyk.io",
		`{"h":"https://api.snyk.io"}`:       "api.snyk.io",
		`{"h":"https://api.snyk.io:443/x"}`: "api.snyk.io",
		`{"h":"api.snyk.io."}`:              "api.snyk.io",
		`{"h":"127.0.0.1:9000"}`:            "127.0.0.1",
		`{"h":"localhost"}`:                 "localhost",
		`{"h":""}`:                          "",
		`{"h":null}`:                        "",
		`{"h":7}`:                           "",
		`{"h":["api.snyk.io"]}`:             "",
		`{"h":"api.snyk.io\nX: 1"}`:         "",
		`{"h":"a b"}`:                       "",
		`{"h":"<script>"}`:                  "",
		`{"h":"[::1]"}`:                     "",
		`{}`:                                "",
	} {
		if got := tokenWith("snyk_uat.", payload).Claims().Host; got != want {
			t.Errorf("%s: got %q, want %q", payload, got, want)
		}
	}
}

// What is no token of that form tells nothing, and breaks nothing.
func TestClaimsOfOtherForms(t *testing.T) {
	const payload = "eyJoIjoiYXBpLnNueWsuaW8iLCJleHAiOjE3NDk1NTUwMDB9" // {"h":"api.snyk.io","exp":1749555000}
	for name, token := range map[string]string{
		"nothing": "", "a UUID": "0b1e6f1e-6d7f-4a53-9d1a-2f7f0c9a2c22", "the prefix alone": "snyk_uat.", "two parts": "snyk_uat.12345678",
		"no base64": "snyk_uat.12345678.!!!.sig", "no JSON": "snyk_uat.12345678.eHh4.sig", "no object": "snyk_uat.12345678.W10.sig",
		"null": "snyk_uat.12345678.bnVsbA.sig", "another prefix": "snyk_xat.12345678." + payload + ".sig",
		"half of the payload": "snyk_uat.12345678." + payload[:20] + ".sig",
	} {
		if got := (Credential{Token: NewSecret(token)}).Claims(); got != (Claims{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for name, token := range map[string]string{
		"three parts": "snyk_uat.12345678." + payload, "padding": "snyk_uat.12345678." + payload + "==.sig",
	} {
		if got := (Credential{Token: NewSecret(token)}).Claims(); got.Host != "api.snyk.io" || got.Expires.Unix() != 1749555000 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	client := Credential{ClientID: "a", ClientSecret: NewSecret("snyk_uat.12345678." + payload + ".sig")}
	if got := client.Claims(); got != (Claims{}) {
		t.Errorf("an OAuth client: %+v", got)
	}
}

func FuzzClaims(f *testing.F) {
	for _, seed := range []string{`{"h":"snyk.io","exp":1749555000}`, `{"e":"1e9"}`, `{"exp":"2025-06-10T11:30:00Z"}`, `[`, "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		cred := tokenWith("snyk_uat.", payload)
		if info := cred.Info(); info.GetExpireTime() != nil && info.GetExpireTime().CheckValid() != nil {
			t.Errorf("%q ends at %v", payload, info.GetExpireTime())
		}
		for _, r := range cred.Claims().Host {
			if notInHost(r) {
				t.Errorf("%q names host %q", payload, cred.Claims().Host)
			}
		}
	})
}
